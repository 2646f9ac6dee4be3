import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { usePage } from '../page.ts';
import { GuardedButton } from '../parts/guarded-button.tsx';
import { TurnView } from '../parts/turn.tsx';
import { TASK_MADS, type TaskMad } from '../state/tasks.ts';

const WORDS: Readonly<Record<TaskMad, { name: string; what: string; examples: readonly string[] }>> = {
  fiedler: {
    name: 'Fiedler',
    what: 'takes any prompt as a task',
    examples: ['Plan the steps to move a database', 'Which tasks failed today?'],
  },
  rogers: {
    name: 'Rogers',
    what: 'answers about the group and its traffic',
    examples: ['Is everything up?', 'How many messages did fiedler send in the last hour?'],
  },
};
/** Nearer to its end than this, in pixels, the page follows what comes. */
const NEAR_END_PX = 40;

/** Talks to Fiedler or Rogers: each prompt is a task, and its work is shown as it comes. */
export function AskView() {
  const { console } = usePage();
  const { talk } = console;
  const mad = useSignal<TaskMad>('fiedler');
  const prompt = useSignal('');
  const turns = talk.turns.value;
  const lacks = console.session.lacks('converse');
  const box = useRef<HTMLTextAreaElement>(null);
  const end = useRef<HTMLDivElement>(null);

  const following = useRef<Following | undefined>(undefined);

  useEffect(() => {
    following.current = followEnd(end.current);
    return () => following.current?.stop();
  }, []);

  function send(): void {
    const words = prompt.value.trim();
    if (words === '' || lacks !== null) return;
    prompt.value = '';
    void talk.ask(mad.value, words);
    following.current?.resume();
    box.current?.focus();
  }

  return (
    <div class="ask">
      <div class="view-head">
        <h1>Ask</h1>
        <p class="summary">
          {WORDS[mad.value].name} {WORDS[mad.value].what}
        </p>
        {turns.length > 0 && (
          <button type="button" class="small" onClick={() => talk.clear()}>
            New conversation
          </button>
        )}
      </div>
      <div class="turns">
        {turns.length === 0 && (
          <div class="empty">
            <p class="title">What would you like to know?</p>
            <ul class="examples">
              {WORDS[mad.value].examples.map((example) => (
                <li key={example}>
                  <button
                    type="button"
                    onClick={() => {
                      prompt.value = example;
                      box.current?.focus();
                    }}
                  >
                    {example}
                  </button>
                </li>
              ))}
            </ul>
          </div>
        )}
        {turns.map((turn) => (
          <TurnView key={turn.key} turn={turn} name={WORDS[turn.mad].name} />
        ))}
        <div ref={end} />
      </div>
      <div class="composer-place">
        <form
          class="composer"
          onSubmit={(event) => {
            event.preventDefault();
            send();
          }}
        >
          <fieldset class="choice">
            <legend class="hidden">Whom to ask</legend>
            {TASK_MADS.map((name) => (
              <label key={name}>
                <input
                  type="radio"
                  name="mad"
                  checked={mad.value === name}
                  onChange={() => {
                    mad.value = name;
                  }}
                />
                <span>{WORDS[name].name}</span>
              </label>
            ))}
          </fieldset>
          <label class="hidden" for="prompt">
            Prompt for {WORDS[mad.value].name}
          </label>
          <textarea
            id="prompt"
            ref={box}
            rows={3}
            value={prompt.value}
            readOnly={lacks !== null}
            aria-describedby="prompt-help"
            placeholder={`Ask ${WORDS[mad.value].name} …`}
            onInput={(event) => {
              prompt.value = event.currentTarget.value;
            }}
            onKeyDown={(event) => {
              if (!sends(event)) return;
              event.preventDefault();
              send();
            }}
          />
          <div class="send">
            <p id="prompt-help" class={lacks === null ? 'hint' : 'reason'}>
              {lacks ?? (
                <>
                  <span class="keys">Enter sends, Shift+Enter begins a line. </span>Earlier questions and
                  answers go along.
                </>
              )}
            </p>
            <GuardedButton type="submit" class="primary" reason={lacks} reasonId="prompt-help">
              Send
            </GuardedButton>
          </div>
        </form>
      </div>
    </div>
  );
}

/** Enter, but not on a touch screen, whose keyboard has no Shift+Enter, nor one that ends a composed word. */
const sends = ({ key, shiftKey, ctrlKey, metaKey, isComposing }: KeyboardEvent): boolean =>
  key === 'Enter' &&
  !isComposing &&
  (ctrlKey || metaKey || !(shiftKey || matchMedia('(pointer: coarse)').matches));

interface Following {
  /** Goes to the end, wherever the reader was. */
  resume(): void;
  stop(): void;
}

/** Keeps the newest words in sight, unless the reader has gone up from them. */
function followEnd(end: HTMLElement | null): Following | undefined {
  const turns = end?.parentElement;
  const page = document.scrollingElement;
  if (!turns || !page) return undefined;
  let isAtEnd = true;
  let topPx = page.scrollTop;
  // Only who goes up leaves the end: a scroll of this page's own is told of after what came since has
  // made it longer.
  const onScroll = (): void => {
    if (page.scrollHeight - page.scrollTop - page.clientHeight < NEAR_END_PX) isAtEnd = true;
    else if (page.scrollTop < topPx) isAtEnd = false;
    topPx = page.scrollTop;
  };
  const toEnd = (): void => {
    if (isAtEnd) page.scrollTop = page.scrollHeight;
  };
  const resizes = new ResizeObserver(toEnd);
  resizes.observe(turns);
  window.addEventListener('scroll', onScroll, { passive: true });
  return {
    resume() {
      isAtEnd = true;
      toEnd();
    },
    stop() {
      resizes.disconnect();
      window.removeEventListener('scroll', onScroll);
    },
  };
}
