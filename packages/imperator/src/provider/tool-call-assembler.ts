import { randomUUID } from 'node:crypto';
import type { ToolCall } from './provider.ts';

/** A piece of a tool call as the stream brings it (`delta.tool_calls[]` of Chat Completions). */
export interface ToolCallDelta {
  readonly index?: number | undefined;
  readonly id?: string | undefined;
  readonly function?:
    | { readonly name?: string | undefined; readonly arguments?: string | undefined }
    | undefined;
}

interface Draft {
  id: string;
  name: string;
  arguments: string;
}

/**
 * Puts tool calls together from the pieces of a stream. Pieces of one call share their index; some
 * servers (older Ollama) give index 0 to every call, so that a new id begins a new call as well.
 */
export function createToolCallAssembler() {
  const drafts: Draft[] = [];
  const byIndex = new Map<number, Draft>();

  return {
    add(delta: ToolCallDelta): void {
      const index = delta.index ?? drafts.length;
      let draft = byIndex.get(index);
      if (!draft || (delta.id && draft.id && delta.id !== draft.id)) {
        draft = { id: '', name: '', arguments: '' };
        drafts.push(draft);
        byIndex.set(index, draft);
      }
      if (delta.id) draft.id = delta.id;
      // A name comes whole, and some servers repeat it with each piece.
      if (delta.function?.name) draft.name = delta.function.name;
      draft.arguments += delta.function?.arguments ?? '';
    },

    /** The calls, in the order in which they began. One without an id gets one: the reply needs it. */
    calls(): ToolCall[] {
      return drafts
        .filter((draft) => draft.name !== '')
        .map((draft) => ({ ...draft, id: draft.id || `call_${randomUUID()}` }));
    },
  };
}
