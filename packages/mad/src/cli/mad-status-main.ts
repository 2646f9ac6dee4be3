import process from 'node:process';
import { runMadStatus } from './mad-status.ts';
import { runOnProcess } from './process-io.ts';

await runOnProcess('mad-status', runMadStatus, process);
