using System.Diagnostics;
using System.Globalization;

namespace BeBiDa.EmbeddedApi.Real;

/// <summary>
/// A program that ends when we do: a shell beside it waits on a pipe from us, which closes with this process however
/// it dies. (A parent-death signal would follow the thread that started the program, not the process.)
/// </summary>
public sealed class BoundProcess : IAsyncDisposable
{
    private const string Watchman = """
        log=$1; shift
        # Where the shell is killed with all that started it, nobody is left to kill the program.
        setpriv --pdeathsig KILL "$@" >"$log" 2>&1 </dev/null &
        child=$!
        echo $child
        cat >/dev/null
        kill -KILL $child 2>/dev/null
        wait $child 2>/dev/null
        """;

    private readonly Process shell;
    private readonly int processId;

    public BoundProcess(string program, string log, params IEnumerable<string> arguments)
    {
        Log = log;
        var start = new ProcessStartInfo("/bin/sh")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
        };
        foreach (var argument in (string[])["-c", Watchman, "sh", log, program, .. arguments])
            start.ArgumentList.Add(argument);
        shell = Process.Start(start)!;
        Name = Path.GetFileName(program);
        processId = int.Parse(shell.StandardOutput.ReadLine()!, CultureInfo.InvariantCulture);
    }

    public string Name { get; }

    public string Log { get; }

    /// <summary>Whether the program runs; proc(5): a zombie's state is Z, and the state follows the name in parentheses.</summary>
    public bool IsRunning
    {
        get
        {
            try
            {
                var stat = File.ReadAllText($"/proc/{processId}/stat");
                return stat[stat.LastIndexOf(')') + 2] != 'Z';
            }
            catch (IOException)
            {
                return false;
            }
        }
    }

    public string LastLines(int count = 15) => File.Exists(Log) ? string.Join('\n', File.ReadLines(Log).TakeLast(count)) : "";

    public async ValueTask DisposeAsync()
    {
        shell.StandardInput.Close();
        await shell.WaitForExitAsync();
        shell.Dispose();
    }
}
