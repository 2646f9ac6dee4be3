import { clockSecond, count, counted, perSecond } from '../format.ts';
import { usePage } from '../page.ts';
import { Fact } from './fact.tsx';

const WIDTH = 360;
const HEIGHT = 120;

/** Messages of each second of the last minute. */
export function Minute({ isPast }: { isPast: boolean }) {
  const { console } = usePage();
  const now = console.heardAt.value;
  // The second under way is not over: it would look like a lull.
  const seconds = console.traffic.perSecond(now - 1000);
  const peak = Math.max(...seconds);
  const total = seconds.reduce((sum, value) => sum + value, 0);
  const step = WIDTH / seconds.length;
  return (
    <section class="panel minute" aria-labelledby="minute">
      <h2 id="minute">Messages in each second{isPast && ', until last heard'}</h2>
      <div class="minute-plot">
        <p class="scale" aria-hidden="true">
          <span>{count(peak)}</span>
          {peak > 0 && <span>0</span>}
        </p>
        <svg
          viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
          preserveAspectRatio="none"
          role="img"
          aria-label={`${counted(total, 'message')}, at most ${count(peak)} in one second`}
        >
          <rect class="base" x={0} y={HEIGHT - 1} width={WIDTH} height={1} />
          {seconds.map((value, index) => {
            const height = peak === 0 ? 0 : (value / peak) * (HEIGHT - 4);
            return (
              <rect key={index} x={index * step} y={HEIGHT - height} width={step * 0.7} height={height} />
            );
          })}
        </svg>
        <p class="times" aria-hidden="true">
          <span>a minute before</span>
          <span>{isPast ? clockSecond(now) : 'now'}</span>
        </p>
      </div>
      <dl class="facts">
        <Fact name={isPast ? `At ${clockSecond(now)}` : 'Now'}>{perSecond(console.traffic.rate(now))}</Fact>
        <Fact name="Busiest second">{count(peak)}</Fact>
        <Fact name="In the minute">{count(total)}</Fact>
      </dl>
    </section>
  );
}
