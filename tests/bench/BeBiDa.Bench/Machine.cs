using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;
using BeBiDa.EmbeddedApi;
using BeBiDa.Lab;
using BeBiDa.Site;
using CliWrap;
using CliWrap.Buffered;

namespace BeBiDa.Bench;

/// <summary>What was measured on.</summary>
internal static partial class Machine
{
    /// <summary>How many processes wanted to run in the last minute.</summary>
    public static string Load => File.ReadAllText("/proc/loadavg").Split(' ')[0];

    /// <summary>The machine and the versions of what runs on it, a line each.</summary>
    public static async Task<IReadOnlyList<string>> DescribeAsync()
    {
        var processor =
            File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim()
            ?? "unknown processor";
        var memory =
            long.Parse(
                File.ReadLines("/proc/meminfo").First().Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
                CultureInfo.InvariantCulture
            ) / 1048576.0;
        var kubectl = await OutputAsync(new Kubectl("/dev/null").Path, "version", "--client");
        var facts = new List<string>
        {
            $"{processor}, {Environment.ProcessorCount} processors, {memory.ToString("0", CultureInfo.InvariantCulture)} GB; everything runs on it: Slurm, API server, kubelets, and the measured programs",
            $"{RuntimeInformation.OSDescription.Trim()}; {await OutputAsync("slurmctld", "-V")}; .NET {Environment.Version}",
            $"kubectl {kubectl.Split('\n')[0].Split(' ')[^1]}; {(await OutputAsync("h2load", "--version")).Split('\n')[0]}",
        };
        if (RealApiServer.IsAvailable)
            facts.Add(
                $"{(await OutputAsync(Path.Combine(RealApiServer.Assets, "kube-apiserver"), "--version")).Replace("Kubernetes", "kube-apiserver", StringComparison.Ordinal)}; etcd {Etcd()}, without fsync"
            );
        return facts;
    }

    /// <summary>The commit that is measured, and whether the tree differs from it.</summary>
    public static async Task<string> CommitAsync()
    {
        var root = PluginBuild.RepositoryRoot();
        var commit = await OutputAsync("git", "-C", root, "rev-parse", "--short", "HEAD");
        var changed = await OutputAsync("git", "-C", root, "status", "--porcelain", "--untracked-files=no", "--", "managed", "native");
        return changed.Length > 0 ? $"{commit} and what is not committed" : commit;
    }

    // Builds of etcd differ in their options; what Go has linked stands in each of them.
    private static string Etcd() =>
        LinkedEtcd().Match(Encoding.Latin1.GetString(File.ReadAllBytes(Path.Combine(RealApiServer.Assets, "etcd"))))
            is { Success: true } found
            ? found.Groups[1].Value
            : "of an unknown version";

    [GeneratedRegex(@"go\.etcd\.io/etcd/server/v3\t(v[\d.]+)")]
    private static partial Regex LinkedEtcd();

    private static async Task<string> OutputAsync(string command, params string[] arguments)
    {
        try
        {
            return (
                await Cli.Wrap(command).WithArguments(arguments).WithValidation(CommandResultValidation.None).ExecuteBufferedAsync()
            ).StandardOutput.Trim();
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return $"no {command}";
        }
    }
}
