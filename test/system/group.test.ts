import { afterAll, beforeAll } from 'vitest';
import { describeGroup } from '../e2e/group.ts';
import { type Group, startGroup } from '../kit/group.ts';
import { run } from '../kit/process.ts';

let group: Group;
beforeAll(async () => {
  group = await startGroup();
});
afterAll(() => group?.stop());

describeGroup('npm start', () => ({
  exec: (mad, command, ...args) => run(command as string, args, { ...group.env, MAD_ID: mad }),
  url: group.url,
  token: null,
  logs: async () => group.running.output(),
}));
