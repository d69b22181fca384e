//! The one binary. Everything it does is in the library.

fn main() -> std::process::ExitCode {
    keylm::server::boot::run()
}
