using CliWrap;

namespace BeBiDa.Site.Tests;

/// <summary>A controller library that goes wrong as a test says, in the place of the real one.</summary>
internal static class Standin
{
    /// <summary>Compiles it into a folder.</summary>
    public static async Task CompileAsync(string folder)
    {
        var root = PluginBuild.RepositoryRoot();
        await Cli.Wrap("cc")
            .WithArguments([
                "-std=gnu11",
                "-Wall",
                "-Wextra",
                "-Werror",
                "-shared",
                "-fPIC",
                "-I",
                Path.Combine(root, "native", "bridge"),
                "-o",
                Path.Combine(folder, "libbebida_controller.so"),
                Path.Combine(root, "tests", "system", "BeBiDa.Integration.Tests", "standin.c"),
            ])
            .WithStandardErrorPipe(PipeTarget.ToDelegate(TestContext.Error.WriteLine))
            .ExecuteAsync();
    }

    /// <summary>A Slurm whose slurmctld looks for the library in this folder.</summary>
    public static SlurmOptions In(this SlurmOptions slurm, string folder, string way = "") =>
        slurm with
        {
            ControllerEnvironment = new Dictionary<string, string>(slurm.ControllerEnvironment)
            {
                ["BEBIDA_LIBDIR"] = folder,
                ["BEBIDA_STANDIN"] = way,
            },
        };
}
