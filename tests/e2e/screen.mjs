// Owns: a terminal of 80 columns in which a command was typed, through the real Heroku CLI or not.
import {execFileSync} from 'node:child_process'
import {join} from 'node:path'
import {until} from './machine.mjs'

/** `words`: the whole command line. When it has ended, the terminal's settings are on the screen, then its exit code. */
export function terminal(whenDone, here, words, env = {}, rows = 60) {
  const socket = join(here.home, 'tmux')
  const tmux = (...args) =>
    execFileSync('tmux', ['-S', socket, '-f', '/dev/null', ...args], {encoding: 'utf8', env: {...here.env, ...env, TERM: 'xterm-256color'}})
  const quoted = words.map(word => `'${word}'`).join(' ')
  // The shell stays, so that what is left of the terminal can be looked at.
  tmux('new-session', '-d', '-x', '80', '-y', String(rows), `${quoted}; code=$?; stty -a; echo "exit code $code"; exec sleep 60`)
  whenDone(() => tmux('kill-server'))
  const screen = () => tmux('capture-pane', '-p')
  // As it was printed, but for where its lines were cut.
  const sees = text =>
    until(`"${text}" on the screen`, () => screen().replaceAll(/\s+/g, ' ').includes(text) && screen()).catch(error => {
      throw new Error(`${error.message}; there is:\n${screen()}`)
    })
  const write = text => tmux('send-keys', '-l', text)
  return {
    /** Answers a hidden question, again where the answer came before the question was ready: then it is thrown away. */
    async give(secret) {
      for (let turn = 0; turn < 10; turn++) {
        write(secret)
        tmux('send-keys', 'Enter')
        const isTaken = await until('[hidden]', () => screen().includes('[hidden]'), 3_000).catch(() => false)
        if (isTaken) return
      }
      throw new Error(`the answer is not taken; there is:\n${screen()}`)
    },
    cursor: () => tmux('display-message', '-p', '#{cursor_flag}').trim(),
    screen,
    sees,
    type: (...keys) => tmux('send-keys', ...keys),
    write,
  }
}
