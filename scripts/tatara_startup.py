"""Run at every start of the project's interpreter: keeps the libraries' files in the state root, or does nothing."""


def _apply() -> None:
    try:
        from tatara.core.home import apply_library_environment

        apply_library_environment()
    except Exception:  # a broken checkout or a read-only disk must not break the interpreter
        return


_apply()
