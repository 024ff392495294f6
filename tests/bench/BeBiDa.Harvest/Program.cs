using System.CommandLine;
using BeBiDa.Harvest.Daemons;
using BeBiDa.Harvest.Page;
using BeBiDa.Harvest.Replay;

// Kubelets, the queue of pods and the observer share this process: what the observer sees must not wait for a thread.
ThreadPool.SetMinThreads(64, 64);

var command = new RootCommand("Measures what lending is worth, and writes docs/harvest.md and its pictures.")
{
    ReplayCommand.Create(),
    DaemonsCommand.Create(),
    PageCommand.Create(),
};
return await command.Parse(args).InvokeAsync();
