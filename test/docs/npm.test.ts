// The page with npm: processes of this machine, at the ports that the page names.
import { assertFree, PAGE_PORTS } from './page-ports.ts';
import { walkPage } from './walk.ts';

await walkPage('npm', async () => {
  await assertFree(Object.values(PAGE_PORTS).flat());
  return { env: {}, describe: async () => '', leave: async () => undefined };
});
