namespace BeBiDa.Lab.Tests;

[TestFixture]
internal sealed class PluginBuildSpecs
{
    private DirectoryInfo _prefix = null!;

    [SetUp]
    public void Create() => _prefix = Directory.CreateTempSubdirectory("bebida-prefix.");

    [TearDown]
    public void Delete() => _prefix.Delete(recursive: true);

    [Test]
    public void An_installed_tree_is_found_and_goes_into_a_labs_options()
    {
        Add("lib/slurm/prep_bebida.so");
        Add("lib/bebida/libbebida_controller.so");
        Add("bin/bebidactl");

        var options = new SlurmOptions().WithPlugin(PluginBuild.At(_prefix.FullName), "/etc/bebida.yaml");

        Assert.That(options.PluginDirectory, Is.EqualTo($"{_prefix.FullName}/lib/slurm"));
        Assert.That(options.PrEpPlugins, Is.EqualTo(new[] { "prep/script", "prep/bebida" }));
        Assert.That(options.ControllerEnvironment["BEBIDA_LIBDIR"], Is.EqualTo($"{_prefix.FullName}/lib/bebida"));
        Assert.That(options.ControllerEnvironment["BEBIDA_CONFIG"], Is.EqualTo("/etc/bebida.yaml"));
    }

    [Test]
    public void What_an_incomplete_tree_lacks_is_named_with_the_way_to_make_it()
    {
        Add("lib/slurm/prep_bebida.so");

        Assert.That(
            () => PluginBuild.At(_prefix.FullName),
            Throws
                .TypeOf<LabException>()
                .With.Message.Contains("libbebida_controller.so")
                .And.Message.Contains("bebidactl")
                .And.Message.Not.Contains("no " + Path.Combine(_prefix.FullName, "lib/slurm/prep_bebida.so"))
                .And.Message.Contains("cmake --install")
        );
    }

    private void Add(string path)
    {
        var file = new FileInfo(Path.Combine(_prefix.FullName, path));
        file.Directory!.Create();
        file.Create().Dispose();
    }
}
