// Owns: COMMANDS, which oclif's explicit strategy reads: one class for each command of commands.json.
import type {Command} from '@oclif/core/command'
import {commandClass} from './command.ts'
import {declaredCommands} from './declared.ts'

export const oclifId = (id: string) => ['dynos:autorestart', ...id.split(' ').filter(Boolean)].join(':')

export const COMMANDS: Record<string, Command.Class> = Object.fromEntries(
  declaredCommands.map(declared => [oclifId(declared.id), commandClass(declared)]),
)
