// Owns: the login of the CLI, for the child's environment, where reading it is a matter of a file or of Windows.
import {existsSync} from 'node:fs'
import {homedir} from 'node:os'
import {join} from 'node:path'
import {getAuth, getStorageConfig, readLoginState} from '@heroku-cli/command/lib/credential-manager-core/index.js'
import {vars} from '@heroku-cli/command/lib/vars.js'
import {quietly} from './quietly.ts'

/**
 * AUTORESTART_CLI_TOKEN and AUTORESTART_CLI_ACCOUNT, or nothing without a login.
 *
 * The steps are those of the CLI's `APIClient.getAuthEntry` without its side effect: that one deletes login.json, and so
 * logs the user out, when a keyring happens to be locked - as it is for a scheduled `run`. A login that another program
 * keeps (`secret-tool`, `security`, `gpg`) is left to the binary, which asks for it with a time limit: the CLI's code waits
 * for ever, and a scheduled `run` would be missed without a word.
 */
export async function credentialEnvironment(dataDir: string): Promise<NodeJS.ProcessEnv> {
  // The binary reads that variable itself, and as in the CLI it ends the search.
  if (process.env['HEROKU_API_KEY']) return {}

  try {
    const login = await quietly(async () => {
      const login = getStorageConfig().credentialStore ? await readLoginState(dataDir) : undefined
      const isKeptElsewhere = login?.account || existsSync(join(homedir(), '.netrc.gpg'))
      if (isKeptElsewhere && process.platform !== 'win32') return
      return getAuth(login?.account, vars.apiHost)
    })
    if (!login) return {}
    const {account, token} = login
    return {AUTORESTART_CLI_TOKEN: token, ...(account && {AUTORESTART_CLI_ACCOUNT: account})}
  } catch {
    return {}
  }
}
