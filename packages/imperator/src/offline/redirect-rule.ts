import type { OfflineRule } from './rule.ts';

const GROUP =
  /\b(?:everything|everyone|everybody|mads?|group|grace|rogers|sequential thinking|redis|the bus|stale|heartbeats?|connections?|connected|busiest|topics?|senders?|messages?|traffic)\b/i;
const GROUP_WORDS =
  /\b(?:up|down|ok|okay|healthy|health|alive|status|running|who|which|how many|compare|busiest|list|show|online|connected|stale)\b/i;
const OWN_STATE =
  /\bfiedler\s+(?:still\s+)?(?:up|down|ok|okay|healthy|alive|running|online|connected|stale|working)\b|\b(?:status|state|health)\s+of\s+fiedler\b/i;

/** Whether the prompt speaks of the group rather than of tasks. */
export const isAboutGroup = (prompt: string): boolean => GROUP.test(prompt);

/** Sends whoever asks Fiedler about the group to Rogers. The last of Fiedler's rules. */
export const redirectToRogers: OfflineRule = {
  describe: 'Is everything up? (I will send you to Rogers.)',
  async answer(prompt) {
    const command = `mad-cli rogers_ask '${JSON.stringify({ prompt }).replaceAll("'", "'\\''")}'`;
    if (isAboutGroup(prompt) && GROUP_WORDS.test(prompt)) {
      return `I know only tasks; the state of the group is what Rogers watches. Ask Rogers: ${command}`;
    }
    if (!OWN_STATE.test(prompt)) return null;
    return `Fiedler is up, since it is Fiedler who answers you. What was heard of it on the bus, Rogers knows: ${command}`;
  },
};
