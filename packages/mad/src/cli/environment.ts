/** Keys that only the commands read; `docs/reference/environment.md` lists them with the others. */
export const CLI_ENVIRONMENT = {
  GRACE_URL: 'Where the commands find Grace, `ws://…`. Without it: loopback and `GRACE_PORT`.',
  ROGERS_URL: 'Where the commands find Rogers.',
  FIEDLER_URL: 'Where the commands find Fiedler.',
  MAD_ID: 'The MAD that `mad-status` and the `mad_*` tools mean: in an image, the one inside.',
  MAD_TOKEN: 'Bearer token of the commands; without it `~/.config/mad/token`, then the group’s secret.',
  NO_COLOR: 'Set to anything: no colour on a terminal.',
} as const;
