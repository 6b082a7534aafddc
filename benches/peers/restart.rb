# The usual recipe, as a rake task has it, without Rails: every dyno of a process type, at once, and no look afterwards.
require 'json'
require 'net/http'

host = URI(ENV.fetch('HEROKU_HOST'))
headers = {
  'Accept' => 'application/vnd.heroku+json; version=3',
  'Authorization' => "Bearer #{ENV.fetch('HEROKU_API_KEY')}"
}
Net::HTTP.start(host.hostname, host.port, use_ssl: host.scheme == 'https') do |http|
  dynos = JSON.parse(http.get('/apps/example-app/dynos', headers).body)
  dynos.select { |dyno| dyno['type'] == 'web' }.each do |dyno|
    answer = http.delete("/apps/example-app/dynos/#{dyno['name']}", headers)
    abort answer.body unless answer.is_a?(Net::HTTPSuccess)
  end
end
