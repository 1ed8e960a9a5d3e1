//! Generates the client from the contract: each .proto file below contract/.

use std::path::{Path, PathBuf};

fn protos(folder: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            protos(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "proto") {
            found.push(path);
        }
    }
    Ok(())
}

fn main() -> std::io::Result<()> {
    println!("cargo:rerun-if-changed=contract");
    let mut files = Vec::new();
    protos(Path::new("contract"), &mut files)?;
    files.sort();
    let mut config = tonic_prost_build::Config::new();
    // So that a message can be packed into an Any, as Transact wants it.
    config.enable_type_names().type_name_domain(["."], "type.googleapis.com");
    tonic_prost_build::configure().build_server(false).compile_with_config(config, &files, &[PathBuf::from("contract")])
}
