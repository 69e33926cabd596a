from toono.entry.cli import main

raise SystemExit(main())
