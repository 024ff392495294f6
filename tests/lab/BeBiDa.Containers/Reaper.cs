using System.Diagnostics;
using BeBiDa.Lab;

namespace BeBiDa.Containers;

/// <summary>Removes a lab when told to, or when this process is gone: a shell beside it waits on a pipe from here.</summary>
internal sealed class Reaper(Process process, string name)
{
    // It waits for a lab that is just being made, and whose image may be.
    private static readonly TimeSpan s_bound = TimeSpan.FromMinutes(15);

    public static Reaper Start(string script, string name)
    {
        // A session of its own keeps a terminal's Ctrl-C from it.
        var start = new ProcessStartInfo("setsid") { RedirectStandardInput = true, WorkingDirectory = "/" };
        const string wait = """while read -r _; do :; done; exec "$@" >/dev/null 2>&1""";
        foreach (var word in (string[])["bash", "-c", wait, "reaper", script, "down", "--name", name])
            start.ArgumentList.Add(word);
        if (Environment.GetEnvironmentVariable("BEBIDA_LAB_KEEP") == "1")
        {
            start.ArgumentList.Add("--logs");
            start.ArgumentList.Add(Path.Combine(Path.GetTempPath(), $"bebida-{name}-logs"));
        }
        return new Reaper(Process.Start(start)!, name);
    }

    public async Task ReapAsync()
    {
        process.StandardInput.Close();
        using var limit = new CancellationTokenSource(s_bound);
        await process.WaitForExitAsync(limit.Token);
        var exitCode = process.ExitCode;
        process.Dispose();
        if (exitCode != 0)
            throw new LabException($"The lab {name} could not be removed; `tests/lab/containers/lab.sh down --name {name}` says why.");
    }
}
