"""Logs in to jobs with a signature that botocore makes: python3 botocore-login.py API SERVER_ID."""
import json, os, re, sys, urllib.request
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

api, server_id = sys.argv[1:3]
region = "us-east-1"


def post(path, body=None):
    data = None if body is None else json.dumps(body).encode()
    headers = {"content-type": "application/json"} if data else {}
    return json.load(urllib.request.urlopen(urllib.request.Request(api + path, data, headers, method="POST")))


challenge = post("/v1/auth/challenge")["challenge"]
credentials = Credentials(*(os.environ["AWS_" + name] for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN")))
request = AWSRequest(
    "POST",
    f"https://sts.{region}.amazonaws.com/",
    data=b"Action=GetCallerIdentity&Version=2011-06-15",
    headers={
        "accept": "application/json",
        "content-type": "application/x-www-form-urlencoded",
        "x-airlock-challenge": challenge,
        "x-airlock-server-id": server_id,
    },
)
SigV4Auth(credentials, "sts", region).add_auth(request)
login = {
    "region": region,
    "access_key_id": credentials.access_key,
    "date": request.headers["X-Amz-Date"],
    "signature": re.search("Signature=([0-9a-f]{64})$", request.headers["Authorization"]).group(1),
    "session_token": credentials.token,
    "challenge": challenge,
}
print(post("/v1/auth/aws-login", login)["api_key"])
