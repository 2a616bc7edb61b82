// No more than a call: variables here, and @main, belong to the main actor and link all of Swift's concurrency, 0.6 MB.
DermRun.run()
