import { runProcess } from '@mad-group/mad';
import { createGrace } from './create-grace.ts';

await runProcess({
  name: 'grace',
  env: process.env,
  portKeys: ['GRACE_PORT'],
  busPolicy: 'required',
  build: (parts) => ({ start: [[createGrace(parts)]] }),
});
