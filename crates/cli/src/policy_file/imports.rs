//! Imported policies: read from a path, the cache or a server, and taken only if the bytes have the digest that is written.

use std::collections::BTreeMap;
use std::path::PathBuf;

use slsa_pip_cache::CacheFolder;
use slsa_pip_http::sha256;
use slsa_pip_policy::{Document, Format, Import, Importer, Layers, MAX_POLICY_LEN, PolicyCode, Target};
use url::Url;

use super::{Access, folder_of, invalid};
use crate::args::NetworkArgs;
use crate::directory::read_bounded;
use crate::failure::{Failure, Result};
use crate::network::standalone_client;

/// The cache's folder for them.
pub(crate) const FOLDER: &str = "policies";
/// Most of them that are kept; each can be had again.
const MAX_KEPT: usize = 64;

/// What paths in a file's imports begin from.
#[derive(Clone)]
pub(super) enum Base {
    Folder(PathBuf),
    /// It came from a server, and there are no files beside it.
    Server,
}

/// Why a file could not be had: what is wrong, and what to do.
struct Problem(PolicyCode, String, &'static str);

/// Reads everything that is imported, by whomever.
pub(super) fn read_all(layers: &mut Layers, mut bases: BTreeMap<Importer, Base>, access: Access<'_>) -> Result<()> {
    loop {
        let missing = layers.missing().map_err(|errors| invalid(&errors))?;
        if missing.is_empty() {
            return Ok(());
        }
        for (importer, import) in missing {
            let base = bases.get(&importer).cloned().unwrap_or(Base::Server);
            let (label, text, base) = match read(&import, &base, access) {
                Ok(read) => read,
                Err(Problem(code, message, help)) => {
                    return Err(refused(layers, importer, &import, code, &message, help));
                }
            };
            let document = Document::parse(&text, &label, Format::Policy).map_err(|errors| invalid(&errors))?;
            if let Some(document) = document {
                layers.imported.insert(import.sha256, document);
            }
            bases.insert(Importer::Import(import.sha256), base);
        }
    }
}

fn refused(
    layers: &Layers,
    importer: Importer,
    import: &Import,
    code: PolicyCode,
    message: &str,
    help: &str,
) -> Failure {
    match layers.document(&importer) {
        Some(document) => invalid(&document.import_error(import, code, message, help)),
        None => Failure::new(message.to_owned()).code(code.as_str()).hint(help),
    }
}

/// The text of one import, with its label and what its own imports begin from.
fn read(import: &Import, base: &Base, access: Access<'_>) -> std::result::Result<(String, String, Base), Problem> {
    let (label, bytes, base) = match &import.target {
        Target::Path(path) => {
            let Base::Folder(folder) = base else {
                let message = format!("`{path}` is a path, and the policy that names it comes from a server");
                return Err(Problem(
                    PolicyCode::InvalidImport,
                    message,
                    "name it by its URL: `url = \"https://…\"`",
                ));
            };
            let path = folder.join(path);
            let label = path.display().to_string();
            (label, from_path(&path)?, Base::Folder(folder_of(&path)))
        }
        Target::Url(url) => (url.to_string(), from_server(url, import, access)?, Base::Server),
    };
    let found = sha256(&bytes);
    if found != import.sha256 {
        let message = format!("`{label}` has another digest: {found}");
        let help = "read what has changed, and write the new digest if it is to hold";
        return Err(Problem(PolicyCode::ImportDigest, message, help));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let message = format!("`{label}` is not UTF-8 text: {error}");
        Problem(PolicyCode::ImportNotRead, message, "name a policy file")
    })?;
    Ok((label, text, base))
}

fn from_path(path: &std::path::Path) -> std::result::Result<Vec<u8>, Problem> {
    let unreadable = |why: String| {
        let message = format!("`{}` cannot be read: {why}", path.display());
        Problem(
            PolicyCode::ImportNotRead,
            message,
            "paths begin from the folder of the file that imports",
        )
    };
    // A pipe would be waited for.
    match path.metadata() {
        Ok(metadata) if !metadata.is_file() => return Err(unreadable("it is no file".to_owned())),
        Ok(_) => {}
        Err(error) => return Err(unreadable(error.to_string())),
    }
    read_bounded(path).map_err(|error| unreadable(error.to_string()))
}

/// From the cache, if the bytes there have the digest, or from the server.
fn from_server(url: &Url, import: &Import, access: Access<'_>) -> std::result::Result<Vec<u8>, Problem> {
    let limit = u64::try_from(MAX_POLICY_LEN).unwrap_or(u64::MAX);
    let name = format!("{}.toml", import.sha256);
    let folder = access.cache.and_then(|cache| cache.folder(FOLDER).ok());
    if let Some(folder) = &folder
        && let Ok(Some(bytes)) = folder.read(&name, limit)
        && sha256(&bytes) == import.sha256
    {
        return Ok(bytes);
    }
    if access.offline {
        let message = format!("`{url}` is not in the cache, and `--offline` forbids to ask for it");
        let help = "run once without `--offline`, with the same `--cache-dir`, or import a copy by `path`";
        return Err(Problem(PolicyCode::ImportNotRead, message, help));
    }
    let bytes = fetch(url, limit).map_err(|why| {
        let message = format!("`{url}` could not be had: {why}");
        Problem(
            PolicyCode::ImportNotRead,
            message,
            "try again, or import a copy by `path`",
        )
    })?;
    if let Some(folder) = &folder
        && sha256(&bytes) == import.sha256
    {
        keep(folder, &name, &bytes);
    }
    Ok(bytes)
}

/// Keeps a policy for the next run. Where that fails it is asked for again, and nothing is lost.
fn keep(folder: &CacheFolder, name: &str, bytes: &[u8]) {
    let names = folder.names().unwrap_or_default();
    for old in names.iter().take((names.len() + 1).saturating_sub(MAX_KEPT)) {
        let _ = folder.remove(old);
    }
    let _ = folder.write(name, bytes);
}

/// Asks the server, on a thread of its own: policy is read before anything else, and what reads it need not wait for others.
fn fetch(url: &Url, limit: u64) -> std::result::Result<Vec<u8>, String> {
    let network = NetworkArgs {
        cert: None,
        proxy: None,
    };
    let client = standalone_client(false, &network).map_err(|failure| {
        let causes = failure.causes.iter().map(String::as_str);
        std::iter::once(failure.message.as_str())
            .chain(causes)
            .collect::<Vec<_>>()
            .join(": ")
    })?;
    let asked = std::thread::scope(|scope| {
        let asking = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .map_err(|error| error.to_string())?;
            let answer = runtime.block_on(async {
                let answer = client.get(url, None, limit).await;
                answer.and_then(slsa_pip_http::Response::success)
            });
            answer
                .map(|response| response.body.to_vec())
                .map_err(|error| error.to_string())
        });
        asking.join()
    });
    asked.unwrap_or_else(|_| Err("the request was broken off".to_owned()))
}
