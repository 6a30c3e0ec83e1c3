#!/usr/bin/env node
import { fileURLToPath } from 'node:url';
import { compiledScripts } from './compiled-scripts.ts';

compiledScripts(fileURLToPath(new URL('.', import.meta.url)), process.env)('program.js');
