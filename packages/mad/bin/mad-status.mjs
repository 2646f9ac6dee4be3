#!/usr/bin/env node
import { launch } from './launch.mjs';

await launch('../src/cli/mad-status-main.ts');
