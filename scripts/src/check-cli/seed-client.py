"""Does with ~/.gpu-dev/credentials what the seed's client does (its source is not here): reads two members of it, wants five
minutes to spare, and makes the calls of its `reserve` and `cancel`: python3 seed-client.py API."""
import datetime, json, pathlib, sys, urllib.request, uuid

api = sys.argv[1]
kept = json.loads((pathlib.Path.home() / ".gpu-dev" / "credentials").read_text())
left = datetime.datetime.fromisoformat(kept["expires_at"].replace("Z", "+00:00")) - datetime.datetime.now(datetime.timezone.utc)
assert left > datetime.timedelta(minutes=5), left


def ask(method, path, body=None):
    headers = {"Authorization": "Bearer " + kept["api_key"], "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    return json.load(urllib.request.urlopen(urllib.request.Request(api + path, data, headers, method=method)))


own = str(uuid.uuid4())
assert ask("GET", "/v1/jobs?limit=500&offset=0&status=active,preparing,queued,pending")["jobs"] == []
variables = {"GPU_TYPE": "h100", "GPU_COUNT": "1", "RESERVATION_ID": own, "USER_ID": "alice", "GITHUB_USER": "", "POD_NAME": "demo"}
image = "pytorch/pytorch:2.1.0-cuda12.1-cudnn8-runtime"
ask("POST", "/v1/jobs/submit", {"image": image, "instance_type": "p5.48xlarge", "duration_hours": 1, "env_vars": variables})
job = ask("GET", "/v1/jobs/" + own)
assert job["reservation_id"] == own and job["status"] == "queued", job
assert ask("POST", f"/v1/jobs/{own[:8]}/cancel")["action"] == "cancel"
print("ok")
