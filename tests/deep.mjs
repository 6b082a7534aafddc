// Owns: `npm run test:deep`: what takes too long for every change, with the release build. 100,000 random calendars against
// the brute force, a month of `run --watch` in place of a week, thirty kill -9 of the release binary while it watches, ten
// million fuzzed lines, five times as many forecasts and a hundred times as many dynos that do not leak, 1,000 stormy app-days,
// and each call broken in each way; CALENDAR_CASES, CALENDAR_SEED and AUTORESTART_TEST_DAYS, _LINES, _LIVES and _WORLDS choose
// others.
import {cargo, leaveOnSignals} from './setup.mjs'

leaveOnSignals()
process.env['CALENDAR_CASES'] ??= '100000'
process.env['AUTORESTART_TEST_DAYS'] ??= '30'
process.env['AUTORESTART_TEST_LINES'] ??= '10000000'
process.env['AUTORESTART_TEST_LIVES'] ??= '40'
process.env['AUTORESTART_TEST_WORLDS'] ??= '50'
process.env['AUTORESTART_TEST_ALL'] ??= '1'
process.exitCode = await cargo(['test', '--release', '--test', 'cli', '--', 'calendars::property', 'month', 'thirty_kills', 'memory', 'storm', 'proxy', '--nocapture'])
