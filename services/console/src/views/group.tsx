import { useComputed, useSignal } from '@preact/signals';
import { counted } from '../format.ts';
import { usePage } from '../page.ts';
import { Flows } from '../parts/flows.tsx';
import { MemberDetail } from '../parts/member-detail.tsx';
import { Loading } from '../parts/messages.tsx';
import { Minute } from '../parts/minute.tsx';
import { Picture } from '../parts/picture.tsx';
import { membersOf } from '../state/group.ts';
import { isCutOff } from '../wire/feed.ts';

/** Who is on the bus, how each is, and what goes between them. */
export function GroupView() {
  const { console } = usePage();
  const selected = useSignal<string | null>(null);
  const members = useComputed(() => {
    // Heartbeats come with the log's entries.
    console.log.version.value;
    return console.group.value && membersOf(console.group.value, console.beats);
  });
  const all = members.value;
  if (all === null) return <Loading what="Looking at the bus" />;
  const flows = console.traffic.flows(console.heardAt.value);
  const chosen = all.find(({ id }) => id === selected.value) ?? null;
  const mads = all.filter(({ isMad }) => isMad);
  const isPast = isCutOff(console.link.value);
  const well = mads.filter(({ condition }) => condition === 'HEALTHY').length;

  /** The focus goes back to the card that the panel came from. */
  function close(): void {
    const id = selected.value ?? '';
    selected.value = null;
    document.querySelector<HTMLElement>(`[data-member="${CSS.escape(id)}"]`)?.focus();
  }

  return (
    <>
      <div class="view-head">
        <h1>Group</h1>
        <p class="summary">
          {well} of {counted(mads.length, 'MAD')} {isPast ? 'were healthy when last heard' : 'healthy'}
          {all.length > mads.length && `, ${counted(all.length - mads.length, 'client')} on the bus`}
        </p>
      </div>
      <Picture
        isPast={isPast}
        members={all}
        flows={flows}
        selected={selected.value}
        onSelect={(id) => {
          selected.value = selected.value === id ? null : id;
        }}
      />
      {chosen && <MemberDetail key={chosen.id} member={chosen} flows={flows} onClose={close} />}
      <div class="group-lower">
        <Flows flows={flows} isPast={isPast} />
        <Minute isPast={isPast} />
      </div>
    </>
  );
}
