using BeBiDa.EmbeddedApi;
using BeBiDa.Lab;
using CliWrap;
using CliWrap.Buffered;

namespace BeBiDa.Libraries.Tests;

[NonParallelizable]
public class ControllerLibrarySpecs
{
    private static readonly string[] Job = ["SLURM_JOB_ID=7", "SLURM_CLUSTER_NAME=lab", "SLURM_JOB_NAME=sim"];
    private static readonly int Ok = Header.Constant("BEBIDA_OK");
    private EmbeddedApiServer api = null!;
    private string configuration = null!;

    [OneTimeSetUp]
    public async Task StartApi() => api = await EmbeddedApiServer.StartAsync();

    [OneTimeTearDown]
    public async Task StopApi() => await api.DisposeAsync();

    [SetUp]
    public void SetUp()
    {
        Library.Log.Clear();
        Library.Answers.Clear();
        configuration = Path.Combine(Path.GetTempPath(), $"bebida-{Guid.NewGuid():N}.yaml");
        File.WriteAllText(configuration, $"kubernetes:\n  kubeconfig: {api.AdminKubeconfig}\n");
        Library.SetEnvironment("BEBIDA_CONFIG", configuration);
    }

    [TearDown]
    public void TearDown()
    {
        Library.Stop(0);
        File.Delete(configuration);
    }

    [Test]
    public async Task The_library_exports_what_the_header_says_and_nothing_else()
    {
        var symbols = await Cli.Wrap("nm").WithArguments(["-D", "--defined-only", Library.FilePath]).ExecuteBufferedAsync();
        var exported = symbols
            .StandardOutput.Split('\n')
            .Where(l => l.Contains(" T ", StringComparison.Ordinal))
            .Select(l => l.Split(' ')[^1].Split('@')[0])
            .Order(StringComparer.Ordinal);
        Assert.That(Header.ControllerFunctions, Has.Count.EqualTo(4));
        Assert.That(exported, Is.EqualTo(Header.ControllerFunctions));
    }

    [Test]
    public void The_library_speaks_the_version_of_the_header() => Assert.That(Library.AbiVersion(), Is.EqualTo(Header.Version));

    [Test]
    public void A_shim_of_another_version_is_refused_with_a_line_that_says_so()
    {
        Assert.That(Library.Start(Header.Version + 1), Is.EqualTo(Header.Constant("BEBIDA_ERROR_ABI")));
        Assert.That(
            Library.Log.Single(),
            Is.EqualTo(
                (
                    Header.Constant("BEBIDA_LOG_ERROR"),
                    $"libbebida_controller.so has ABI version {Header.Version}; the plugin needs {Header.Version + 1}. Install both from the same release."
                )
            )
        );
    }

    [Test]
    public void A_shim_whose_table_has_another_size_is_refused() =>
        Assert.That(Library.Start(Header.Version, 8), Is.EqualTo(Header.Constant("BEBIDA_ERROR_ABI")));

    [Test]
    public void A_start_without_a_host_is_refused() =>
        Assert.That(Library.StartWithoutHost(), Is.EqualTo(Header.Constant("BEBIDA_ERROR_ARGUMENT")));

    [Test]
    public void A_mistake_in_the_configuration_is_logged_with_file_line_and_key()
    {
        File.AppendAllText(configuration, "controler:\n  deadline: 1m\n");
        Assert.That(Library.Start(Header.Version), Is.EqualTo(Header.Constant("BEBIDA_ERROR_CONFIGURATION")));
        Assert.That(
            Library.Log,
            Has.Member(
                (
                    Header.Constant("BEBIDA_LOG_ERROR"),
                    $"{configuration}:3: controler: unknown key; the keys here are controller, eviction, jobs, kubernetes, metrics, node, nodes, slurm"
                )
            )
        );
    }

    [Test]
    public void A_kubeconfig_that_others_can_read_is_refused_with_the_mode_to_set()
    {
        var open = Path.Combine(Path.GetTempPath(), $"kubeconfig-{Guid.NewGuid():N}");
        File.Copy(api.AdminKubeconfig, open);
        File.SetUnixFileMode(open, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);
        File.WriteAllText(configuration, $"kubernetes:\n  kubeconfig: {open}\n");
        Assert.That(Library.Start(Header.Version), Is.EqualTo(Header.Constant("BEBIDA_ERROR_CONFIGURATION")));
        Assert.That(Library.Log.Single().Line, Does.Contain($"chmod 0600 {open}"));
        File.Delete(open);
    }

    [Test]
    public void Before_its_start_it_takes_no_hand_over() =>
        Assert.That(Library.HandOver(1, 0, Job, ["n1"], 1000), Is.EqualTo(Header.Constant("BEBIDA_ERROR_STATE")));

    [Test]
    public void It_starts_once_and_again_after_its_stop()
    {
        Assert.That(Library.Start(Header.Version), Is.EqualTo(Ok));
        Assert.That(Library.Start(Header.Version), Is.EqualTo(Header.Constant("BEBIDA_ERROR_STATE")));
        Assert.That(Library.Stop(100), Is.EqualTo(Ok));
        Assert.That(Library.Stop(100), Is.EqualTo(Header.Constant("BEBIDA_ERROR_STATE")));
        Assert.That(Library.Start(Header.Version), Is.EqualTo(Ok));
    }

    [Test]
    public void Arguments_that_make_no_sense_are_refused_and_never_answered()
    {
        Library.Start(Header.Version);
        var refused = Header.Constant("BEBIDA_ERROR_ARGUMENT");
        Assert.That(Library.HandOver(1, 2, Job, ["n1"], 1000), Is.EqualTo(refused), "direction");
        Assert.That(Library.HandOver(2, 0, null, ["n1"], 1000), Is.EqualTo(refused), "environment");
        Assert.That(Library.HandOver(3, 0, Job, null, 1000), Is.EqualTo(refused), "nodes");
        Assert.That(Library.HandOver(4, 0, ["SLURM_JOB_NAME=sim"], ["n1"], 1000), Is.EqualTo(refused), "no job id");
        Assert.That(Library.HandOver(5, 0, ["SLURM_JOB_ID=7", "SLURM_CLUSTER_NAME=a/b"], ["n1"], 1000), Is.EqualTo(refused), "cluster");
        Assert.That(Library.Log.Select(l => l.Line), Has.Some.Contains("SLURM_JOB_ID").And.Some.Contains("ClusterName"));
        Assert.That(Library.Stop(100), Is.EqualTo(Ok));
        Assert.That(Library.Answers, Is.Empty);
    }

    [Test]
    public async Task Each_hand_over_is_answered_exactly_once()
    {
        Library.Start(Header.Version);
        for (var request = 1ul; request <= 200; request++)
            Assert.That(Library.HandOver(request, (int)(request % 2), Job, ["unknown"], 5000), Is.EqualTo(Ok));
        await Eventually.HoldsAsync("200 answers", Eventually.Patience, _ => Task.FromResult(Library.Answers.Count >= 200));
        Library.Stop(1000);
        Assert.That(Library.Answers.Select(a => a.Request).Order(), Is.EqualTo(Enumerable.Range(1, 200).Select(i => (ulong)i)));
        Assert.That(Library.Answers.Select(a => a.Outcome), Has.All.EqualTo(Header.Constant("BEBIDA_DONE")));
    }

    [Test]
    public async Task A_cluster_that_hangs_is_answered_as_failed_within_the_budget()
    {
        using var hang = api.Faults.Add(new EmbeddedApi.Faults.Fault(EmbeddedApi.Faults.FaultKind.Hang));
        Library.Start(Header.Version);
        Assert.That(Library.HandOver(1, 0, Job, ["n1"], 300), Is.EqualTo(Ok));
        await Eventually.HoldsAsync("an answer", Eventually.Patience, _ => Task.FromResult(!Library.Answers.IsEmpty));
        Assert.That(Library.Answers.Single(), Is.EqualTo((1ul, Header.Constant("BEBIDA_FAILED"))));
        Assert.That(Library.Stop(100), Is.EqualTo(Ok));
    }

    [Test]
    public void After_its_stop_it_neither_logs_nor_answers()
    {
        using var hang = api.Faults.Add(new EmbeddedApi.Faults.Fault(EmbeddedApi.Faults.FaultKind.Hang));
        Library.Start(Header.Version);
        for (var request = 1ul; request <= 20; request++)
            Library.HandOver(request, 0, Job, ["n1"], 60_000);
        Assert.That(Library.Stop(0), Is.EqualTo(Ok));
        var (log, answers) = (Library.Log.Count, Library.Answers.Count);
        hang.Dispose();
        // Whatever is left of it would run on these threads.
        for (var i = 0; i < 20; i++)
            Thread.Sleep(10);
        Assert.That((Library.Log.Count, Library.Answers.Count), Is.EqualTo((log, answers)));
    }
}
