// Owns: the login of the CLI, for the child's environment. Keychain, Secret Service, Windows vault and netrc are the CLI's code.
import {getAuth, getStorageConfig, readLoginState} from '@heroku-cli/command/lib/credential-manager-core/index.js'
import {vars} from '@heroku-cli/command/lib/vars.js'
import {quietly} from './quietly.ts'

/**
 * AUTORESTART_CLI_TOKEN and AUTORESTART_CLI_ACCOUNT, or nothing without a login.
 *
 * The steps are those of the CLI's `APIClient.getAuthEntry` without its side effect: that one deletes login.json, and so
 * logs the user out, when a keyring happens to be locked - as it is for a scheduled `run`.
 */
export async function credentialEnvironment(dataDir: string): Promise<NodeJS.ProcessEnv> {
  // The binary reads that variable itself, and as in the CLI it ends the search.
  if (process.env['HEROKU_API_KEY']) return {}

  try {
    const {account, token} = await quietly(async () => {
      const login = getStorageConfig().credentialStore ? await readLoginState(dataDir) : undefined
      return getAuth(login?.account, vars.apiHost)
    })
    return {AUTORESTART_CLI_TOKEN: token, ...(account && {AUTORESTART_CLI_ACCOUNT: account})}
  } catch {
    return {}
  }
}
