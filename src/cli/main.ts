#!/usr/bin/env node
// The command line: which commands there are. Each lives in commands/ and loads what it needs when it runs.

import { Command } from 'commander';
import { mockCommand } from './commands/mock.js';

const program = new Command('ima-router')
  .description('Generate video, images, music and speech through the ima-router gateway.')
  .showHelpAfterError('(add --help for the options)')
  .addCommand(mockCommand());

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`ima-router: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
