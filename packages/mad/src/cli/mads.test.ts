import { expect, test } from 'vitest';
import { groupTargets, targetByName, targetOfTool } from './mads.ts';

const urls = (env: Record<string, string>): string[] =>
  groupTargets(env).map(({ id, url }) => `${id} ${url}`);

test('the four are on loopback at the ports of the environment', () => {
  expect(urls({ FIEDLER_PORT: '9001' })).toEqual([
    'grace ws://127.0.0.1:8000',
    'rogers ws://127.0.0.1:8002',
    'fiedler ws://127.0.0.1:9001',
    'sequential-thinking ws://127.0.0.1:8003',
  ]);
});

test('HOST is where they listen, unless it means every address', () => {
  expect(targetByName('grace', { HOST: '10.0.0.7' }).url).toBe('ws://10.0.0.7:8000');
  expect(targetByName('grace', { HOST: 'fd00::7' }).url).toBe('ws://[fd00::7]:8000');
  expect(targetByName('grace', { HOST: '0.0.0.0' }).url).toBe('ws://127.0.0.1:8000');
});

test('an address in the environment wins over the port', () => {
  const env = { ROGERS_URL: 'ws://rogers:8000', ROGERS_PORT: '1', SEQUENTIAL_THINKING_URL: 'ws://st:8003' };
  expect(targetOfTool('rogers_get_stats', env)).toMatchObject({ url: 'ws://rogers:8000', urlKey: null });
  expect(targetOfTool('perform_sequential_thinking', env)?.url).toBe('ws://st:8003');
  expect(targetOfTool('grace_subscribe', env)).toMatchObject({
    url: 'ws://127.0.0.1:8000',
    urlKey: 'GRACE_URL',
  });
});

test('inside a container only itself and what has an address is looked for', () => {
  expect(urls({ MAD_ID: 'fiedler', ROGERS_URL: 'ws://rogers:8002' })).toEqual([
    'rogers ws://rogers:8002',
    'fiedler ws://127.0.0.1:8001',
  ]);
});

test('names are taken as people write them', () => {
  expect(targetByName('Sequential Thinking', {}).id).toBe('sequential-thinking');
  expect(targetByName('sequential_thinking', {}).id).toBe('sequential-thinking');
});

test('a MAD beyond the four is found by its address in the environment', () => {
  const env = { HOPPER_PORT: '8010' };
  expect(targetByName('hopper', env).url).toBe('ws://127.0.0.1:8010');
  expect(targetOfTool('hopper_count', env)?.id).toBe('hopper');
  expect(urls({ ...env, MAD_ID: 'hopper' })).toEqual(['hopper ws://127.0.0.1:8010']);
  expect(targetOfTool('hopper_count', {})).toBeNull();
  expect(() => targetByName('hopper', {})).toThrow('set HOPPER_URL');
});

test('one beyond the four finds itself in its container, with nothing but its id said', () => {
  const env = { MAD_ID: 'book-keeper' };
  expect(urls(env)).toEqual(['book-keeper ws://127.0.0.1:8010']);
  expect(targetOfTool('book_keeper_count', env)?.url).toBe('ws://127.0.0.1:8010');
  expect(targetByName('book-keeper', { ...env, MAD_PORT: '9000' }).url).toBe('ws://127.0.0.1:9000');
});

test('a tool of every MAD goes to the one of this container', () => {
  expect(targetOfTool('mad_get_status', { MAD_ID: 'rogers' })?.id).toBe('rogers');
  expect(() => targetOfTool('mad_get_status', {})).toThrow('say which one with --mad');
});

test('a port that is none is named with its key', () => {
  expect(() => groupTargets({ GRACE_PORT: 'eight' })).toThrow("GRACE_PORT is 'eight', which is no port.");
});
