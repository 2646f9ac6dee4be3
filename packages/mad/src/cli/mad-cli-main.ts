import process from 'node:process';
import { runMadCli } from './mad-cli.ts';
import { runOnProcess } from './process-io.ts';

await runOnProcess('mad-cli', runMadCli, process);
