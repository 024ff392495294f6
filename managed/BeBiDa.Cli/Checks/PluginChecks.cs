using System.Runtime.InteropServices;
using BeBiDa.Abi;
using BeBiDa.Cli.Slurm;

namespace BeBiDa.Cli.Checks;

/// <summary>Whether the plugins and libraries are there, and are those of this Slurm and of this release.</summary>
internal static class PluginChecks
{
    private const string Prep = "prep_bebida.so";
    private const string Spank = "spank_bebida.so";

    // What builds and installs the plugins on this host (packaging/plugins).
    private const string Builder = "/usr/sbin/bebida-build-plugins";

    /// <summary>slurmctld's.</summary>
    public static async Task RunControllerAsync(CheckedSite site, Findings findings, CancellationToken cancellationToken)
    {
        if (site.UsesHook)
            return;
        findings.Look("plugin");
        var slurm = await FindAsync(site, HostRole.Controller, cancellationToken).ConfigureAwait(false);
        var plugin = Plugin(
            site,
            Prep,
            site.PrEpPlugins.Contains("prep/bebida")
                ? "slurmctld does not start: it ends with 'failed to initialize prep plugin'"
                : "slurmctld would not start with the plugin",
            slurm,
            exact: true,
            findings
        );
        Library(
            site,
            "libbebida_controller.so",
            site.DaemonEnvironment.GetValueOrDefault("BEBIDA_LIBDIR"),
            plugin,
            "no node is handed over; controller.onFailure decides about each job",
            findings
        );
    }

    /// <summary>A node's.</summary>
    public static async Task RunNodeAsync(CheckedSite site, PlugStackLine? line, Findings findings, CancellationToken cancellationToken)
    {
        findings.Look("plugin");
        var slurm = await FindAsync(site, HostRole.Node, cancellationToken).ConfigureAwait(false);
        // slurmd loads what PrEpPlugins names, too, though the plugin does nothing there.
        if (site.PrEpPlugins.Contains("prep/bebida"))
            Plugin(
                site,
                Prep,
                "slurmd does not start: it loads PrEpPlugins too, and ends with 'failed to initialize prep plugin'",
                slurm,
                exact: true,
                findings
            );
        var spank =
            line?.Plugin is { } path && path.Contains('/', StringComparison.Ordinal)
                ? Found(
                    path,
                    Spank,
                    "kubelet and the container runtime keep running beside this node's jobs",
                    slurm,
                    exact: false,
                    line.Place,
                    findings
                )
                : Plugin(
                    site,
                    Spank,
                    "kubelet and the container runtime keep running beside this node's jobs",
                    slurm,
                    exact: false,
                    findings
                );
        var named =
            line?.Arguments.FirstOrDefault(argument => argument.StartsWith("libdir=", StringComparison.Ordinal))?["libdir=".Length..]
            ?? site.DaemonEnvironment.GetValueOrDefault("BEBIDA_LIBDIR");
        Library(
            site,
            "libbebida_node.so",
            named,
            spank,
            "kubelet and the container runtime keep running beside this node's jobs",
            findings
        );
    }

    // Of this host's files: slurmctld may be on another host, down, or about to be restarted after an update.
    private static async Task<InstalledSlurm> FindAsync(CheckedSite site, HostRole role, CancellationToken cancellationToken)
    {
        var found = await InstalledSlurm.FindAsync(role, site.Setting("PluginDir"), cancellationToken).ConfigureAwait(false);
        return found is { Version: not null } ? found : new InstalledSlurm(found?.Prefix ?? "PREFIX", site.Slurm?.Version);
    }

    private static string? Plugin(CheckedSite site, string file, string why, InstalledSlurm slurm, bool exact, Findings findings)
    {
        if ((site.Setting("PluginDir") ?? slurm.PluginDirectory) is not { } folders)
        {
            findings.Skip(file, "neither slurm.conf nor slurmctld names a PluginDir, and Slurm's own plugins are not found");
            return null;
        }
        // The first one that has it, as Slurm looks.
        var path = folders.Split(':').Select(folder => Path.Combine(folder, file)).FirstOrDefault(File.Exists);
        if (path is null)
        {
            findings.Error(
                "plugin/missing",
                $"there is no {file} in {folders}",
                why,
                Build(
                    slurm,
                    $"install it there (cmake -DBEBIDA_SLURM_PLUGINDIR), or write PluginDir={folders}:FOLDER with the folder that has it"
                ),
                site.Place("PluginDir")
            );
            return null;
        }
        return Found(path, file, why, slurm, exact, site.Place("PluginDir"), findings);
    }

    // Slurm compares a PrEp plugin's version to its own to the last number, a SPANK plugin's by release (src/common/plugin.c).
    private static string? Found(string path, string file, string why, InstalledSlurm slurm, bool exact, string where, Findings findings)
    {
        if (!File.Exists(path))
        {
            findings.Error("plugin/missing", $"there is no {path}", why, Build(slurm, $"install {file} there"), where);
            return null;
        }
        uint? number;
        try
        {
            number = ElfSymbol.ReadUInt32(path, "plugin_version");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            findings.Error("plugin/unreadable", $"{path} cannot be read: {e.Message}", why, $"chmod 0644 {path}", "this host");
            return path;
        }
        if (number is null)
            findings.Error(
                "plugin/broken",
                $"{path} has no plugin_version: it is truncated, or not a Slurm plugin",
                why,
                Build(slurm, $"reinstall {file}"),
                where
            );
        else if (
            slurm.Version is { } version
            && SlurmVersion.Of(number.Value) is var built
            && !(exact ? built == version : built.IsReleaseOf(version))
        )
            findings.Error(
                "plugin/other-slurm",
                $"{path} was built for Slurm {built}, but this is {version}",
                why,
                Build(slurm, $"install bebida-plugins-source, and run bebida-build-plugins --slurm {slurm.Prefix}"),
                where
            );
        return path;
    }

    private static string Build(InstalledSlurm slurm, string otherwise) =>
        File.Exists(Builder) ? $"bebida-build-plugins --slurm {slurm.Prefix}" : otherwise;

    private static void Library(CheckedSite site, string file, string? named, string? plugin, string why, Findings findings)
    {
        if (named is null && plugin is null)
        {
            findings.Skip(file, "it belongs beside the plugin, which is missing");
            return;
        }
        var folders = Folders(named, plugin).Distinct(StringComparer.Ordinal).ToList();
        var path = folders.Select(folder => Path.Combine(folder, file)).FirstOrDefault(File.Exists);
        if (path is null)
        {
            findings.Error(
                "library/missing",
                $"there is no {file} in {string.Join(", ", folders)}",
                why,
                named is null
                    ? $"install it there, or name its folder in BEBIDA_LIBDIR of the daemon's environment"
                    : $"BEBIDA_LIBDIR=FOLDER with the folder that has it",
                "this host"
            );
            return;
        }
        try
        {
            if (AbiVersion(path) is var theirs && theirs != Header.AbiVersion)
                findings.Error(
                    "library/other-release",
                    $"{path} has ABI version {theirs}; this release needs {Header.AbiVersion}",
                    why,
                    "install plugin, library and bebidactl from one release",
                    "this host"
                );
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException or EntryPointNotFoundException)
        {
            findings.Error(
                "library/broken",
                $"{path} cannot be loaded: {e.Message.ReplaceLineEndings(" ")}",
                why,
                $"reinstall {file} and what it needs",
                "this host"
            );
        }
    }

    // A runtime of its own, as in the daemon; it ends with this process.
    private static unsafe uint AbiVersion(string path) =>
        ((delegate* unmanaged[Cdecl]<uint>)NativeLibrary.GetExport(NativeLibrary.Load(path), "bebida_abi_version"))();

    // Where the plugin looks: what is named; beside itself, below the prefix that it was installed with.
    private static IEnumerable<string> Folders(string? named, string? plugin)
    {
        if (named is { Length: > 0 })
        {
            yield return named;
            yield break;
        }
        for (
            var folder = plugin is null
                ? null
                : Path.GetDirectoryName(File.ResolveLinkTarget(plugin, returnFinalTarget: true)?.FullName ?? Path.GetFullPath(plugin));
            folder is not null;
            folder = Path.GetDirectoryName(folder)
        )
            if (Path.GetFileName(folder) is "lib" or "lib64")
                yield return Path.Combine(folder, "bebida");
        yield return "/usr/lib/bebida";
    }
}
