import type { Connection } from '@mad-group/protocol';
import { formatDuration } from './durations.ts';
import { findNames } from './names.ts';
import { counted } from './numbers.ts';
import type { RogersFacts } from './rogers-facts.ts';
import type { OfflineRule } from './rule.ts';

const STATE =
  /\b(?:up|down|alive|dead|health|healthy|unhealthy|ok|okay|fine|well|running|status|state|connected|disconnected|connections?|online|offline|stale|silent|working|heard|heartbeat|seen|responding|doing|reachable)\b/i;
const ABSENT =
  /\b(?:stale|silent|missing|gone|disconnected|dead|down|offline|lost|unhealthy|absent|quiet|(?:not|n['’]t|stopped)\s+(?:responding|healthy|up|running|connected|alive|online|ok|heard|beating))\b/i;
const GROUP =
  /\b(?:everything|everyone|everybody|all|anything|anyone|system|group|mads?|network|services?|bus|things|who|which|what|we|agents?|connections?|status|health|overview)\b/i;

/** `Is fiedler up?`: one name between the verb and the state. */
const ONE =
  /\b(?:is|was)\s+(?!it\b|this\b|that\b|there\b|all\b)([\w.-]+)\s+(?:up|down|alive|dead|healthy|ok|okay|fine|running|connected|disconnected|online|offline|stale|working|responding)\b/i;

/** The bus itself, not who is on it. */
const BUS =
  /\b(?:is|was)\s+(?:(?:the|our|your)\s+)?(?:conversation\s+|message\s+)?bus\s+(?:still\s+|really\s+)?(?:up|down|alive|dead|there|healthy|ok|okay|fine|running|connected|disconnected|online|offline|working|reachable|available)\b|\b(?:status|state|health)\s+of\s+(?:(?:the|our|your)\s+)?(?:conversation\s+|message\s+)?bus\b|\bbus\s+(?:status|state|health)\b|\bhow\s+is\s+(?:the\s+)?(?:conversation\s+|message\s+)?bus\b/i;

export function connectionRules({ connections, busConnected, clock }: RogersFacts): OfflineRule[] {
  const line = (connection: Connection): string => {
    const agoMs = clock.now() - Date.parse(connection.last_heartbeat);
    return `${connection.mad_id}: ${connection.status}, last heard ${formatDuration(agoMs)} ago`;
  };
  const list = (some: readonly Connection[]): string => some.map((one) => `- ${line(one)}`).join('\n');

  return [
    {
      describe: 'Is the bus up?',
      async answer(prompt) {
        if (!BUS.test(prompt)) return null;
        if (!busConnected()) {
          return 'The bus is not up, as far as Rogers can tell: it has no connection to it now and tries again by itself. Until then nobody’s state is known.';
        }
        const [newest] = [...(await connections())].sort((a, b) =>
          b.last_heartbeat.localeCompare(a.last_heartbeat),
        );
        const heard = newest
          ? `The newest message on it came ${formatDuration(clock.now() - Date.parse(newest.last_heartbeat))} ago, from ${newest.mad_id}.`
          : 'No MAD has been heard on it yet.';
        return `The bus is up: Rogers is connected to it. ${heard}`;
      },
    },
    {
      describe: 'Is fiedler up?',
      async answer(prompt) {
        if (!STATE.test(prompt)) return null;
        const all = await connections();
        const names = findNames(prompt, [...all.map((one) => one.mad_id), 'rogers']);
        if (names.length === 0) {
          const unknown = ONE.exec(prompt)?.[1];
          if (unknown === undefined || GROUP.test(unknown)) return null;
          return `No MAD named '${unknown}' has been heard on the bus.`;
        }
        return names
          .map((name) => {
            const found = all.find((one) => one.mad_id === name);
            if (!found) return 'rogers: up, since it is Rogers who answers you.';
            return `${isUp(found) ? `${name} is up` : `${name} is not up`} (${line(found)}; connected since ${found.connected_at}).`;
          })
          .join('\n');
      },
    },
    {
      describe: 'Who is stale?',
      async answer(prompt) {
        if (!ABSENT.test(prompt) || !GROUP.test(prompt)) return null;
        const all = await connections();
        if (all.length === 0) return NOBODY_YET;
        const absent = all.filter((one) => !isUp(one));
        if (absent.length === 0) return `Nobody: ${allUp(all)}\n${list(all)}`;
        return `${counted(absent.length, 'MAD')} of ${all.length} ${absent.length === 1 ? 'is' : 'are'} not heard as expected (STALE after 60 s of silence, DISCONNECTED after 300 s):\n${list(absent)}`;
      },
    },
    {
      describe: 'Is everything up?',
      async answer(prompt) {
        if (!STATE.test(prompt) || !GROUP.test(prompt)) return null;
        const all = await connections();
        if (all.length === 0) return NOBODY_YET;
        const up = all.filter(isUp);
        if (up.length === all.length) return `Everything is up: ${allUp(all)}\n${list(all)}`;
        return `Not everything is up: ${up.length} of ${counted(all.length, 'MAD')} ${up.length === 1 ? 'is' : 'are'} up.\n${list([...all].sort((a, b) => Number(isUp(a)) - Number(isUp(b))))}`;
      },
    },
  ];
}

const NOBODY_YET = 'No MAD has been heard on the bus yet. Rogers itself is up, since it answers you.';

/** CONNECTED has been heard once, HEALTHY more often. */
const isUp = (connection: Connection): boolean =>
  connection.status === 'HEALTHY' || connection.status === 'CONNECTED';

const allUp = (all: readonly Connection[]): string =>
  `${all.length === 1 ? 'the one MAD' : `all ${all.length} MADs`} that Rogers knows ${all.length === 1 ? 'is' : 'are'} heard, and Rogers itself answers you.`;
