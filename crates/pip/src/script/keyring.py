# Asks keyring for the login of an index, by pip's own module. The question is one JSON document on standard input, the
# answer one on standard output, after the marker. Whatever keyring prints goes to standard error, which nobody shows.
import json
import sys
import urllib.parse

MARKER = "\n=====slsa-pip-keyring=====\n"


def ask(question):
    from pip._internal.network import auth

    # `subprocess` or `import`; never `auto`, which would import whatever the environment holds.
    provider = auth.get_keyring_provider(question["provider"])
    for url, user in question["asked"]:
        login = provider.get_auth_info(url, urllib.parse.unquote(user) if user else None)
        if login is not None and login[1] is not None:
            return [login[0] or "", login[1]]
    return None


def main():
    out, sys.stdout = sys.stdout, sys.stderr
    question = json.load(sys.stdin)
    try:
        document = {"login": ask(question)}
    except (ImportError, AttributeError, TypeError):
        document = {"error": "unsupported"}
    except Exception as error:
        # Its text could hold a secret.
        document = {"error": type(error).__name__}
    out.write(MARKER + json.dumps(document) + "\n")
    out.flush()


main()
