import { useSignalEffect } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { clockSecond, count, perSecond } from '../format.ts';
import { usePage } from '../page.ts';
import type { Member } from '../state/group.ts';
import type { Flow } from '../state/traffic.ts';
import { ConditionPill } from './condition.tsx';
import { PulseLayer } from './pulse-layer.ts';
import { pulsesOf } from './pulses.ts';

interface Props {
  /** The connection is lost: this is how it was. */
  readonly isPast: boolean;
  readonly members: readonly Member[];
  readonly flows: readonly Flow[];
  readonly selected: string | null;
  readonly onSelect: (id: string) => void;
}

/** Clients that have a card of their own; the others are counted. */
const MAX_CLIENTS = 8;

/**
 * The group as a picture: MADs on one side of the bus, clients on the other, messages running between
 * them. The cards are a list of buttons; the lines and what moves on them are drawn behind, for eyes
 * only, and told in words by the table of flows.
 */
export function Picture({ isPast, members, flows, selected, onSelect }: Props) {
  const { console, settings } = usePage();
  const place = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const layer = useRef<PulseLayer | null>(null);
  const mads = members.filter(({ isMad }) => isMad);
  const clients = busiestFirst(
    members.filter(({ isMad }) => !isMad),
    flows,
  );
  const shown = clients.slice(0, MAX_CLIENTS);
  const bus = console.group.value?.bus;

  useEffect(() => {
    if (!place.current || !canvas.current) return undefined;
    const made = new PulseLayer(canvas.current, place.current);
    layer.current = made;
    const end = console.onLive((entries) => {
      if (settings.motion.value) for (const pulse of pulsesOf(entries)) made.add(pulse);
    });
    return () => {
      end();
      made.stop();
      layer.current = null;
    };
  }, [console, settings]);

  // The cards may have moved.
  useLayoutEffect(() => layer.current?.measure());
  useSignalEffect(() => {
    settings.theme.value;
    settings.motion.value;
    layer.current?.restyle();
  });

  const cardOf = (member: Member) => (
    <Card key={member.id} member={member} flows={flows} isOn={member.id === selected} onSelect={onSelect} />
  );
  return (
    <section class={`picture ${isPast ? 'is-past' : ''}`} aria-label="The group on its bus" ref={place}>
      {/* biome-ignore lint/a11y/noAriaHiddenOnFocusable: a canvas takes no focus. */}
      <canvas ref={canvas} aria-hidden="true" />
      <ul class="cards" aria-label="MADs">
        {mads.map(cardOf)}
      </ul>
      <p class="bus-line">
        <span>
          <strong>Bus</strong> {bus?.kind === 'memory' ? 'in memory' : 'on Redis'},{' '}
          {isPast
            ? `last heard at ${clockSecond(console.heardAt.value)}`
            : bus?.connected
              ? perSecond(console.traffic.rate(console.heardAt.value))
              : 'away'}
        </span>
      </p>
      {clients.length > 0 && (
        <ul class="cards is-small" aria-label="Clients">
          {shown.map(cardOf)}
          {clients.length > shown.length && (
            <li class="more">and {count(clients.length - shown.length)} more, quieter ones</li>
          )}
        </ul>
      )}
    </section>
  );
}

function Card({
  member,
  flows,
  isOn,
  onSelect,
}: {
  member: Member;
  flows: readonly Flow[];
  isOn: boolean;
  onSelect: (id: string) => void;
}) {
  const sent = sentBy(member.id, flows);
  return (
    <li>
      <button
        type="button"
        class="card"
        data-member={member.id}
        aria-pressed={isOn}
        onClick={() => onSelect(member.id)}
      >
        <span class="name">{member.id}</span>
        {member.purpose !== null && <span class="purpose">{member.purpose}</span>}
        <ConditionPill condition={member.condition} />
        <span class="sent" title="Messages that it sent in the last minute">
          {count(sent)}
          <span class="unit">/min</span>
        </span>
      </button>
    </li>
  );
}

const sentBy = (id: string, flows: readonly Flow[]): number =>
  flows.reduce((sum, flow) => (flow.sender === id ? sum + flow.count : sum), 0);

/** By name where they are as quiet as each other, so that cards do not jump about. */
const busiestFirst = (clients: readonly Member[], flows: readonly Flow[]): Member[] => {
  if (clients.length <= MAX_CLIENTS) return [...clients];
  const busy = new Set(
    [...clients].sort((a, b) => sentBy(b.id, flows) - sentBy(a.id, flows)).slice(0, MAX_CLIENTS),
  );
  return [...clients].sort((a, b) => Number(busy.has(b)) - Number(busy.has(a)));
};
