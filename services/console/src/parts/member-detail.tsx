import type { MadStatus } from '@mad-group/protocol';
import { useEffect, useRef, useState } from 'preact/hooks';
import { ago, count, duration } from '../format.ts';
import { usePage } from '../page.ts';
import type { Member } from '../state/group.ts';
import { hrefTo } from '../state/route.ts';
import type { Flow } from '../state/traffic.ts';
import type { ApiError } from '../wire/api.ts';
import { ConditionPill } from './condition.tsx';
import { Fact } from './fact.tsx';
import { Loading } from './messages.tsx';

interface Props {
  readonly member: Member;
  readonly flows: readonly Flow[];
  readonly onClose: () => void;
}

/** One member of the group: what the bus tells of it, and what it says of itself. */
export function MemberDetail({ member, flows, onClose }: Props) {
  const { console } = usePage();
  const heading = useRef<HTMLHeadingElement>(null);
  const sent = sum(flows.filter(({ sender }) => sender === member.id));
  const received = sum(flows.filter(({ direct, target }) => direct && target === member.id));
  useEffect(() => heading.current?.focus(), []);

  return (
    <section
      class="panel detail"
      aria-labelledby="member"
      onKeyDown={(event) => event.key === 'Escape' && onClose()}
    >
      <div class="panel-head">
        <h2 id="member" ref={heading} tabIndex={-1}>
          {member.id} <ConditionPill condition={member.condition} />
        </h2>
        <a class="button small" href={hrefTo('bus', [], { sender: member.id })}>
          Its messages
        </a>
        <button type="button" class="small" onClick={onClose}>
          Close
        </button>
      </div>
      {member.purpose !== null && (
        <p class="note">
          {capitalized(member.id)} {member.purpose}.
        </p>
      )}
      <dl class="facts">
        <Fact name="Last heard">
          {member.lastHeard === null ? 'never' : ago(console.now.value - Date.parse(member.lastHeard))}
        </Fact>
        <Fact name="Sent in a minute">{count(sent)}</Fact>
        <Fact name="Received in a minute">{count(received)}</Fact>
        {member.isMad && <Fact name="Instances">{count(member.instances)}</Fact>}
      </dl>
      {member.isMad && <OwnWords madId={member.id} />}
    </section>
  );
}

/** `mad_get_status`, asked when it is looked at. */
function OwnWords({ madId }: { madId: string }) {
  const { console } = usePage();
  const [status, setStatus] = useState<MadStatus | null>(null);
  const [problem, setProblem] = useState<string | null>(null);

  useEffect(() => {
    const gone = new AbortController();
    console.api
      .call<MadStatus>(madId, 'mad_get_status', {}, gone.signal)
      .then(setStatus, (error: ApiError) => {
        if (!gone.signal.aborted) setProblem(error.message);
      });
    return () => gone.abort();
  }, [console, madId]);

  if (problem !== null) return <p class="hint">It does not say how it is: {problem}</p>;
  if (status === null) return <Loading what={`Asking ${madId} how it is`} />;
  return (
    <dl class="facts">
      <Fact name="Version">{status.version}</Fact>
      <Fact name="Up">{duration(status.uptime_s * 1000)}</Fact>
      {status.bus && (
        <Fact name="Bus">{status.bus.connected ? status.bus.kind : (status.bus.reason ?? 'away')}</Fact>
      )}
      {status.database !== null && <Fact name="Database">{status.database}</Fact>}
      {status.provider !== null && <Fact name="Model">{modelWords(status.provider)}</Fact>}
      {status.sequential_thinking_connected !== null && (
        <Fact name="Sequential Thinking">{status.sequential_thinking_connected ? 'connected' : 'away'}</Fact>
      )}
      {Object.entries(status.details).map(([name, value]) => (
        <Fact key={name} name={capitalized(name)}>
          {String(value)}
        </Fact>
      ))}
    </dl>
  );
}

const sum = (flows: readonly Flow[]): number =>
  flows.reduce((total, { count: messages }) => total + messages, 0);
/** A MAD without a model is well: it answers by rules. */
const modelWords = (provider: string): string => (provider === 'offline' ? 'none, rules answer' : provider);
const capitalized = (name: string): string =>
  name.charAt(0).toUpperCase() + name.slice(1).replaceAll('_', ' ');
