using BeBiDa.HandOver;
using Spectre.Console;

namespace BeBiDa.Cli;

/// <summary>Shows how far long work is, where a person looks on: on a terminal, on standard error.</summary>
internal static class Progress
{
    public static async Task<T> ShowAsync<T>(string what, Func<IProgress<HandOverProgress>?, Task<T>> work)
    {
        if (Console.IsErrorRedirected)
            return await work(null).ConfigureAwait(false);
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        return await console
            .Status()
            .StartAsync($"{what}: asking Kubernetes", context => work(new Report(progress => context.Status(Describe(what, progress)))))
            .ConfigureAwait(false);
    }

    private static string Describe(string what, HandOverProgress progress) =>
        $"{what}: {progress.NodesDone} of {progress.Nodes} nodes"
        + (progress.PodsLeft + progress.PodsLeaving > 0 ? $", {progress.PodsLeft} pods left, {progress.PodsLeaving} leaving" : "");

    // System.Progress reports through the thread pool and could be late; this says it at once.
    private sealed class Report(Action<HandOverProgress> show) : IProgress<HandOverProgress>
    {
        void IProgress<HandOverProgress>.Report(HandOverProgress value) => show(value);
    }
}
