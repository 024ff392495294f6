namespace BeBiDa.Lab;

/// <summary>An installed tree of BeBiDa, as <c>cmake --install</c> leaves it.</summary>
public sealed record PluginBuild
{
    private PluginBuild(string prefix) => Prefix = prefix;

    public string Prefix { get; }

    /// <summary>Holds <c>prep_bebida.so</c>.</summary>
    public string PluginDirectory => Path.Combine(Prefix, "lib", "slurm");

    /// <summary>Holds <c>libbebida_controller.so</c>.</summary>
    public string LibraryDirectory => Path.Combine(Prefix, "lib", "bebida");

    /// <summary>The path of <c>bebidactl</c>.</summary>
    public string Tool => Path.Combine(Prefix, "bin", "bebidactl");

    /// <summary>The tree that <c>BEBIDA_PREFIX</c> names, or <c>build/lab</c> of this repository.</summary>
    public static PluginBuild Locate() =>
        At(
            Environment.GetEnvironmentVariable("BEBIDA_PREFIX") is { Length: > 0 } prefix
                ? prefix
                : Path.Combine(RepositoryRoot(), "build", "lab")
        );

    /// <summary>The tree under a prefix; an error names what is missing there and how it is made.</summary>
    public static PluginBuild At(string prefix)
    {
        var build = new PluginBuild(Path.GetFullPath(prefix));
        string[] needed =
        [
            Path.Combine(build.PluginDirectory, "prep_bebida.so"),
            Path.Combine(build.LibraryDirectory, "libbebida_controller.so"),
            build.Tool,
        ];
        string[] missing = [.. needed.Where(path => !File.Exists(path))];
        return missing.Length == 0
            ? build
            : throw new LabException(
                $"BeBiDa is not installed under {build.Prefix}: no {string.Join(", no ", missing)}. From the repository's root: "
                    + "cmake --preset release && cmake --build --preset release && cmake --install build/release --prefix build/lab "
                    + "(or let BEBIDA_PREFIX name another prefix)."
            );
    }

    /// <summary>The repository that this assembly was built in.</summary>
    public static string RepositoryRoot()
    {
        for (var directory = new DirectoryInfo(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            if (File.Exists(Path.Combine(directory.FullName, "BeBiDa.sln")))
                return directory.FullName;
        }
        throw new LabException($"No BeBiDa.sln in or above {AppContext.BaseDirectory}.");
    }
}
