import type { ToolReply } from '../client/tool-client.ts';
import { type CliIo, forTerminal, stdoutColors } from './io.ts';

/**
 * A reply for people or for programs: in a pipe one JSON document, indented by two; on a terminal
 * a table or words for the tools that have them, coloured JSON for the others.
 */
export async function renderReply(tool: string, reply: ToolReply, json: boolean, io: CliIo): Promise<string> {
  const document = JSON.stringify(reply, null, 2);
  if (json || !io.isTTY) return `${document}\n`;
  if (reply.status === 'success') {
    const { renderTable } = await import('./render-table.ts');
    const table = renderTable(tool, reply, io);
    if (table !== null) return table;
    const { renderText } = await import('./render-text.ts');
    const text = renderText(tool, reply, io);
    if (text !== null) return text;
  }
  return `${colorJson(forTerminal(document), io)}\n`;
}

const JSON_PARTS = /("(?:[^"\\]|\\.)*")(\s*:)?|\b(?:true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

function colorJson(document: string, io: CliIo): string {
  const colors = stdoutColors(io);
  return document.replace(JSON_PARTS, (part, string?: string, colon?: string) => {
    if (string === undefined) return colors.yellow(part);
    return colon === undefined ? colors.green(string) : `${colors.cyan(string)}${colon}`;
  });
}
