// Owns: docs/COMMANDS.md, made of plugin/commands.json, and docs/SCHEDULES.md, made of docs/schedules.schema.json:
// node plugin/reference.mjs (--check: fails where they have drifted)
import {readFileSync, writeFileSync} from 'node:fs'
import {fileURLToPath} from 'node:url'

const at = path => fileURLToPath(new URL(path, import.meta.url))
const {commands} = JSON.parse(readFileSync(at('commands.json'), 'utf8'))
const schema = JSON.parse(readFileSync(at('../docs/schedules.schema.json'), 'utf8'))

const ofPlugin = id => ['dynos:autorestart', ...id.split(' ').filter(Boolean)].join(':')
const capital = text => text.charAt(0).toUpperCase() + text.slice(1)
const anchor = text => text.toLowerCase().replaceAll(/[^\w -]/g, '').replaceAll(' ', '-')
/** As a cell of a table has it; what stands in angle brackets is no tag. */
const cell = text => text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('\n', ' ')

function flag({aliases, char, multiple, name, options, summary, type, value}) {
  const shown = options ? options.join('|') : (value ?? 'VALUE')
  const typed = `--${name}${type === 'boolean' ? '' : ` ${shown}`}`
  const others = aliases.length > 0 ? `; also ${aliases.map(alias => `\`--${alias}\``).join(', ')}` : ''
  return `| ${char ? `\`-${char}\` ` : ''}\`${cell(typed)}\` | ${cell(summary)}${multiple && !summary.includes('may be repeated') ? '; may be repeated' : ''}${others} |`
}

function command({args, description, examples, flags, id, summary}) {
  const shown = flags.filter(({hidden}) => !hidden)
  const groups = [...new Set(shown.map(({group}) => group))].sort((a, b) => (a === null ? -1 : b === null ? 1 : 0))
  const words = args.map(({name, required}) => (required ? ` ${name.toUpperCase()}` : ` [${name.toUpperCase()}]`)).join('')
  return [
    `## ${ofPlugin(id)}`,
    `${capital(summary)}.${description ? `\n\n${description}` : ''}`,
    `\`heroku ${ofPlugin(id)}${words}\`, or \`${['autorestart', id].filter(Boolean).join(' ')}${words}\``,
    ...(args.length > 0 ? [`| argument | means |\n|---|---|\n${args.map(one => `| \`${one.name.toUpperCase()}\` | ${cell(one.summary)} |`).join('\n')}`] : []),
    ...groups.map(group => [
      `| ${group ? `flag, ${group}` : 'flag'} | means |`, '|---|---|', ...shown.filter(one => one.group === group).map(flag),
    ].join('\n')),
    ['```sh', ...examples, '```'].join('\n'),
  ].join('\n\n')
}

const VARIABLES = `| variable | means |
|---|---|
| \`HEROKU_API_KEY\` | the token to use, before any other |
| \`HEROKU_APP\` | the app where \`--app\` is missing, under the Heroku CLI |
| \`HEROKU_HOST\` \`HEROKU_HEADERS\` \`HEROKU_STATUS_HOST\` \`HEROKU_DATA_DIR\` \`HEROKU_NETRC_WRITE\` | as for the Heroku CLI |
| \`HEROKU_DEBUG=1\` | show requests and their answers, without tokens |
| \`HTTPS_PROXY\` \`ALL_PROXY\` \`NO_PROXY\` | proxy for everything but this machine |
| \`NODE_EXTRA_CA_CERTS\` \`SSL_CERT_FILE\` | more certificates to trust |
| \`AUTORESTART_FILE\` \`AUTORESTART_STATE_DIR\` \`XDG_CONFIG_HOME\` \`XDG_STATE_HOME\` | where the schedules file, and the ledger and locks, are |
| \`AUTORESTART_BINARY\` | the binary that the plugin runs |
| \`AUTORESTART_PING\` | as \`run --ping\` |
| \`AUTORESTART_REQUEST_TIMEOUT\` | how long a request may take [default: 30s] |
| \`AUTORESTART_CLOCK\` | a pretended time, for tests |
| \`NO_COLOR\` \`TZ\` \`TZDIR\` | no colour; this machine's zone; where zones are read from |`

const commandsText = [
  '# Commands',
  'Every command of the plugin, as `--help` shows it. This file is generated from the binary itself (`node plugin/reference.mjs`), as are\nthe manual pages (`autorestart man`) and completions (`autorestart completions bash`, or `zsh`, `fish`, `powershell`).',
  'Exit codes: 0 done or nothing due; 1 failed; 2 wrong usage; 3 some restarts failed or were not reached, a roll is held, or an\noccurrence was missed; 130 interrupted. `apply --dry-run`: 3 if anything would change; `doctor`: 1 if anything is broken. With `--json` stdout is one JSON document, errors included:\n`{"error": {"code", "message", "hint", "id"}}`.',
  VARIABLES,
  commands.map(({id, summary}) => `- [${ofPlugin(id)}](#${anchor(ofPlugin(id))}): ${summary}`).join('\n'),
  ...commands.map(command),
].join('\n\n').concat('\n')

const isFlag = new Set(commands.find(({id}) => id === 'set').flags.map(({name}) => name))
const row = ([key, {description}]) => `| \`${key}\` | ${cell(description)} | ${isFlag.has(key) ? `\`--${key}\`` : ''} |`
const keys = Object.entries(schema.properties.schedule.items.properties)

const schedulesText = [
  '# The schedules file',
  'TOML, UTF-8, `version = 1`, and one `[[schedule]]` for each schedule. Keys are the flags of `set`; a value is quoted text as the flag\ntakes it, a number or `true` where TOML has one, or a list where the flag may be repeated. This page is generated from\n`schedules.schema.json` (`node plugin/reference.mjs`), which editors use to complete the file:',
  '```sh\nheroku dynos:autorestart:export --schema > schedules.schema.json\n```',
  '```toml\n#:schema ./schedules.schema.json\nversion = 1\n\n[[schedule]]\napp = "example-app"\nat = "07,14"\ntimezone = "Europe/Paris"\n```',
  `| key | means | flag of set |\n|---|---|---|\n${keys.map(row).join('\n')}`,
  'Units: durations `30s`, `90m`, `6h`, `1d`; sizes `450MB` and `1.5GB`, in Heroku\'s units of 2^20 and 2^30 bytes, and `90%` of the quota; instants\nRFC 3339. A file that cannot be right is an error that names the line, with exit code 2, and restarts nothing. `set`, `pause` and\n`remove` change only what they have to: comments and order stay.',
  'In git: `export` writes such a file without what each machine fills in for itself, and `apply --file` makes the schedules match it exactly.',
].join('\n\n').concat('\n')

for (const [name, text] of [['COMMANDS.md', commandsText], ['SCHEDULES.md', schedulesText]]) {
  const path = at(`../docs/${name}`)
  if (!process.argv.includes('--check')) writeFileSync(path, text)
  else if (readFileSync(path, 'utf8') !== text) {
    console.error(`docs/${name} has drifted: node plugin/reference.mjs`)
    process.exitCode = 1
  }
}
