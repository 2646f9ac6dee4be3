import { runProcess } from '@mad-group/mad';
import { createGrace } from './create-grace.ts';

await runProcess({
  name: 'grace',
  env: process.env,
  busPolicy: 'required',
  build: (parts) => [[createGrace(parts)]],
});
