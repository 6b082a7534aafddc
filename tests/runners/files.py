"""Owns: what `install --print` prints, held to the programs and schemas that read such files elsewhere.

    python files.py BINARY

Each of them must take what we print, and refuse it once something in it is spoilt.
"""

import os
import pathlib
import plistlib
import subprocess
import sys
import tempfile

import yaml

binary = pathlib.Path(sys.argv[1]).resolve()
here = pathlib.Path(__file__).parent
tools = pathlib.Path(sys.executable).parent
work = pathlib.Path(tempfile.mkdtemp())
home = work / "it's a \"home\" & 100%"
home.mkdir()
env = {"HOME": str(home), "PATH": os.environ["PATH"], "XDG_RUNTIME_DIR": str(work), "USER": "me"}
(home / ".config/autorestart").mkdir(parents=True)
(home / ".config/autorestart/schedules.toml").write_text(
    'version = 1\n\n[[schedule]]\napp = "example-app"\nat = "07,14"\ntimezone = "Europe/Paris"\n', encoding="utf8"
)


def printed(kind):
    ran = subprocess.run([binary, "install", "--print", kind], env=env, capture_output=True, text=True, check=True)
    assert ran.stdout.endswith("\n") and not ran.stderr, ran
    return ran.stdout


def holds(*words, quiet=True):
    ran = subprocess.run([str(word) for word in words], env=env, capture_output=True, text=True, check=False)
    is_well = ran.returncode == 0 and not (quiet and "WARN" in ran.stdout + ran.stderr)
    return is_well, (ran.stdout + ran.stderr).strip()


def check(name, text, file, spoils, judge):
    path = work / file
    path.write_text(text, encoding="utf8")
    is_well, said = judge(path)
    assert is_well, f"{name}: {said}\n{text}"
    for before, after in spoils:
        assert before in text, f"{name}: {before} is not in\n{text}"
        path.write_text(text.replace(before, after), encoding="utf8")
        is_well, _ = judge(path)
        assert not is_well, f"{name}: {after} is taken"
    path.write_text(text, encoding="utf8")
    print(f"{name}: well, and {len(spoils)} spoilt ones refused")


# systemd: the two units under their own names, with a command that is there
parts = printed("systemd").split(".config/systemd/user/")
units = {}
for part in parts[1:]:
    name, text = part.split(":\n\n", 1)
    units[name] = text.rsplit("~/", 1)[0].strip() + "\n"
assert set(units) == {"autorestart.service", "autorestart.timer"}, units
assert f"Unit=" not in units["autorestart.timer"], "the service of the timer's own name"


def systemd(path):
    other = "autorestart.timer" if path.name.endswith("service") else "autorestart.service"
    (work / other).write_text(units[other], encoding="utf8")
    words = ("systemd-analyze", "verify", "--user", "--man=no", "--recursive-errors=yes")
    is_well, said = holds(*words, work / "autorestart.service", work / "autorestart.timer")
    return is_well and not said, said


check("systemd service", units["autorestart.service"], "autorestart.service", [("ExecStart=\"/", "ExecStart=\""), ("Type=oneshot", "Type=onshot")], systemd)
check("systemd timer", units["autorestart.timer"], "autorestart.timer", [("OnCalendar=", "OnCalendar=x"), ("Persistent=", "Persistant=")], systemd)

# launchd
KEYS = {
    "Label": str, "ProgramArguments": list, "EnvironmentVariables": dict, "StartInterval": int, "RunAtLoad": bool,
    "ProcessType": str,
}


def launchd(path):
    try:
        read = plistlib.loads(path.read_bytes(), fmt=plistlib.FMT_XML)
        assert set(read) <= set(KEYS) and {"Label", "ProgramArguments", "StartInterval"} <= set(read), read.keys()
        assert all(isinstance(value, KEYS[key]) for key, value in read.items()), read
        assert read["ProgramArguments"][:2] == [str(binary), "run"], read["ProgramArguments"]
        assert read["ProgramArguments"][-1].startswith(str(home)), read["ProgramArguments"]
        return True, ""
    except Exception as error:  # whatever it is, it is not read
        return False, repr(error)


text = printed("launchd")
text = text[text.index("<?xml"):]
check("launchd agent", text, "agent.plist", [("&amp;", "&"), ("<integer>300", "<integer>soon"), ("StartInterval", "StartEvery")], launchd)

# cron
check("crontab", printed("cron"), "crontab", [("*/5 *", "*/5 25"), ("* * * *", "* *")], lambda path: holds("crontab", "-n", path))
line = next(line for line in printed("cron").splitlines() if line.startswith("*/5"))
assert "100\\%" in line and "100%" not in line.replace("\\%", ""), line

# GitHub Actions
workflow = printed("github-actions")


def actions(path):
    first = holds(tools / "actionlint", "-no-color", "-oneline", "-shellcheck=", "-pyflakes=", path)
    second = holds(tools / "check-jsonschema", "--builtin-schema", "vendor.github-workflows", path)
    return first[0] and second[0], first[1] + second[1]


assert workflow.startswith("# .github/workflows/autorestart.yml\n"), "where GitHub looks for it"
steps = yaml.safe_load(workflow)["jobs"]["run"]["steps"]
kept = [step["with"]["path"] for step in steps if "cache" in step.get("uses", "")]
ran = next(step["env"]["AUTORESTART_STATE_DIR"] for step in steps if "env" in step)
assert kept == [ran, ran] and steps[-1]["if"] == "always()", "the state is kept, and after a failure too"
check("workflow", workflow, "workflow.yml", [("*/5 * * * *", "*/5 25 * * *"), ("runs-on", "runs_on"), ("secrets.AUTO", "secrts.AUTO")], actions)

# Kubernetes
manifest = printed("kubernetes")


def kubernetes(path):
    is_well, said = holds(tools / "kubernetes-validate", "--strict", "-k", "1.30", path)
    try:
        kinds = {document["kind"]: document for document in yaml.safe_load_all(path.read_text(encoding="utf8"))}
        job = kinds["CronJob"]
        pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
        container = pod["containers"][0]
        # What the schema leaves open.
        assert job["apiVersion"] == "batch/v1" and job["spec"]["concurrencyPolicy"] == "Forbid"
        assert job["spec"]["schedule"] == "*/5 * * * *" and pod["restartPolicy"] == "Never"
        values = {one["name"]: one for one in container["env"]}
        assert container["resources"]["limits"]["memory"]
        assert values["HEROKU_API_KEY"]["valueFrom"]["secretKeyRef"]["key"] == "token"
        # The state outlives a pod, and is where the command looks for it.
        mounts = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}
        volumes = {volume["name"]: volume for volume in pod["volumes"]}
        claim = volumes[mounts[values["AUTORESTART_STATE_DIR"]["value"]]]["persistentVolumeClaim"]["claimName"]
        assert kinds["PersistentVolumeClaim"]["metadata"]["name"] == claim
        assert 'app = "example-app"' in kinds["ConfigMap"]["data"]["autorestart.toml"]
    except Exception as error:
        return False, repr(error)
    return is_well, said


check("CronJob", manifest, "cronjob.yaml", [("Forbid", "Forbit"), ("restartPolicy", "restartpolicy"), ("batch/v1", "batch/v1beta1"), ("envFrom" if "envFrom" in manifest else "valueFrom", "valueFrm")], kubernetes)

# Windows
task = printed("windows-task")
schema = here / "windows-task.xsd"
check("Windows task", task, "task.xml", [("IgnoreNew", "IgnoreOld"), ("PT5M", "5 minutes"), ("</Command>", "</Comand>")], lambda path: holds("xmllint", "--nonet", "--noout", "--schema", schema, path))

for kind in ("systemd", "launchd", "cron", "github-actions", "kubernetes", "windows-task"):
    assert "HRKU" not in printed(kind), kind
written = [path for path in home.rglob("*") if path.is_file() and path.name not in ("schedules.toml", "runner-id")]
assert not written, f"--print wrote {written}"
print("nothing was written")
