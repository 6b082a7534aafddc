// Owns: `npm run test:deep`: what takes too long for every change, with the release build. 100,000 random calendars against
// the brute force, a month of `run --watch` in place of a week, and thirty kill -9 of the release binary while it watches;
// CALENDAR_CASES, CALENDAR_SEED and AUTORESTART_TEST_DAYS choose others.
import {cargo, leaveOnSignals} from './setup.mjs'

leaveOnSignals()
process.env['CALENDAR_CASES'] ??= '100000'
process.env['AUTORESTART_TEST_DAYS'] ??= '30'
process.exitCode = await cargo(['test', '--release', '--test', 'cli', '--', 'calendars::property', 'month', 'thirty_kills', '--nocapture'])
