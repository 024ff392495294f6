using BeBiDa.Lab;

namespace BeBiDa.Footprint;

/// <summary>PrEp plugins that are for tests alone (<c>tests/footprint/CMakeLists.txt</c>).</summary>
public static class TestPlugins
{
    /// <summary>The folder of a test's plugin.</summary>
    /// <param name="name">As <c>PrEpPlugins</c> has it, without <c>prep/</c>.</param>
    /// <exception cref="LabException">It has not been built.</exception>
    public static string FolderOf(string name)
    {
        var folder = Path.Combine(PluginBuild.RepositoryRoot(), "build", "release", "tests", "footprint");
        return File.Exists(Path.Combine(folder, $"prep_{name}.so"))
            ? folder
            : throw new LabException($"There is no prep_{name}.so in {folder}: cmake --preset release && cmake --build --preset release");
    }

    /// <summary>A Slurm with a plugin that takes part in each job and does nothing: what Slurm itself spends on one.</summary>
    public static SlurmOptions WithEmpty(SlurmOptions slurm) =>
        slurm with
        {
            PrEpPlugins = [.. slurm.PrEpPlugins, "prep/empty"],
            PluginDirectory = FolderOf("empty"),
        };
}
