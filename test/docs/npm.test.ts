// The page with npm: processes of this machine, at the ports that the page names.
import { walkPage } from './walk.ts';

await walkPage('npm', async () => ({
  env: {},
  describe: async () => '',
  leave: async () => undefined,
}));
