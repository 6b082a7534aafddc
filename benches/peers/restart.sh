# The requests that prove one restart, by curl in one process: the list, the restart, the list again.
set -eu
exec curl --silent --show-error --fail-with-body --output /dev/null \
  --header 'Accept: application/vnd.heroku+json; version=3' --header "Authorization: Bearer $HEROKU_API_KEY" \
  "$HEROKU_HOST/apps/example-app/dynos" \
  --next --silent --fail-with-body --output /dev/null --request DELETE \
  --header 'Accept: application/vnd.heroku+json; version=3' --header "Authorization: Bearer $HEROKU_API_KEY" \
  "$HEROKU_HOST/apps/example-app/dynos/web.1" \
  --next --silent --fail-with-body --output /dev/null \
  --header 'Accept: application/vnd.heroku+json; version=3' --header "Authorization: Bearer $HEROKU_API_KEY" \
  "$HEROKU_HOST/apps/example-app/dynos"
