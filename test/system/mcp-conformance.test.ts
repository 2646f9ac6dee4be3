// MCP's own conformance suite against all four MADs, as they are served.
import { runConformance, SPEC_VERSIONS } from '@mad-group/mad/conformance';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Group, MAD_NAMES, startGroup } from '../kit/group.ts';

let group: Group;
beforeAll(async () => {
  group = await startGroup();
});
afterAll(() => group?.stop());

describe.each(SPEC_VERSIONS)('at %s', (specVersion) => {
  test.each(MAD_NAMES)('%s passes, but for what needs the suite’s own fixtures', async (mad) => {
    const result = await runConformance({ url: group.mcp(mad), specVersion });
    expect(result.unexpected).toEqual([]);
    expect(result.ok, result.output).toBe(true);
    expect(result.passed).toBeGreaterThan(35);
  });
});
