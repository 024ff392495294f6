using BeBiDa.Configuration;

namespace BeBiDa.Node.Tests;

public class NodeStateSpecs
{
    private string directory = "";

    [SetUp]
    public void MakeDirectory() => directory = Path.Combine(Path.GetTempPath(), $"bebida-state-{Guid.NewGuid():N}");

    [TearDown]
    public void RemoveDirectory() => Directory.Delete(directory, recursive: true);

    [Test]
    public void One_prolog_or_epilog_at_a_time()
    {
        var state = new NodeState(directory);
        using (state.Lock(TimeSpan.Zero))
            Assert.That(
                () => new NodeState(directory).Lock(TimeSpan.Zero),
                Throws.InstanceOf<TimeoutException>().With.Message.Contains(Path.Combine(directory, "lock"))
            );
        new NodeState(directory).Lock(TimeSpan.Zero).Dispose();
    }

    [Test]
    public async Task Whoever_waits_gets_the_lock_when_it_is_free()
    {
        var state = new NodeState(directory);
        var first = state.Lock(TimeSpan.Zero);
        var second = Task.Run(() => new NodeState(directory).Lock(TimeSpan.FromMinutes(1)));
        first.Dispose();
        (await second).Dispose();
    }

    [Test]
    public void Jobs_and_services_are_remembered_by_files()
    {
        var state = new NodeState(directory);
        using (state.Lock(TimeSpan.Zero))
        {
            state.AddJob(10, "");
            state.AddJob(9, "");
            state.AddStopped("kubelet.service");
            state.AddStopped("containerd.service");
            state.AddStopped("kubelet.service");
        }
        var later = new NodeState(directory);
        Assert.That(later.ReadJobs(), Is.EqualTo(new[] { 9u, 10u }));
        Assert.That(later.ReadStopped(), Is.EqualTo(new[] { "kubelet.service", "containerd.service" }));
        later.RemoveStopped("kubelet.service");
        later.RemoveStopped("containerd.service");
        later.RemoveJob(9);
        later.RemoveJob(9);
        Assert.That((state.ReadJobs(), state.ReadStopped().Count), Is.EqualTo((new[] { 10u }, 0)).UsingPropertiesComparer());
    }

    [Test]
    public void What_is_no_job_in_the_folder_is_not_taken_for_one()
    {
        var state = new NodeState(directory);
        state.Lock(TimeSpan.Zero).Dispose();
        foreach (var name in new[] { "0", "-1", "07x", "README" })
            File.WriteAllText(Path.Combine(directory, "jobs", name), "");
        Assert.That(state.ReadJobs(), Is.Empty);
    }

    [Test]
    public void Nobody_but_root_can_read_it_and_so_lock_it()
    {
        var state = new NodeState(directory);
        using (state.Lock(TimeSpan.Zero))
        {
            state.AddJob(7, "a notice");
            state.AddStopped("kubelet.service");
            state.WriteFrozen(["kubepods"]);
        }
        const UnixFileMode others = (UnixFileMode)0b000_111_111;
        foreach (var path in Directory.EnumerateFileSystemEntries(directory, "*", SearchOption.AllDirectories).Prepend(directory))
            Assert.That(File.GetUnixFileMode(path) & others, Is.EqualTo(UnixFileMode.None), path);
    }

    [Test]
    public void A_folder_that_others_could_read_is_closed()
    {
        new NodeState(directory).Lock(TimeSpan.Zero).Dispose();
        File.SetUnixFileMode(directory, (UnixFileMode)0b111_101_101);
        new NodeState(directory).Lock(TimeSpan.Zero).Dispose();
        Assert.That(File.GetUnixFileMode(directory), Is.EqualTo((UnixFileMode)0b111_000_000));
    }

    [TestCase("")]
    [TestCase("jobs")]
    public void What_others_could_have_written_is_refused_with_what_to_run(string folder)
    {
        new NodeState(directory).Lock(TimeSpan.Zero).Dispose();
        var open = Path.Combine(directory, folder).TrimEnd('/');
        File.SetUnixFileMode(open, (UnixFileMode)0b111_111_111);
        Assert.That(
            () => new NodeState(directory).Lock(TimeSpan.Zero),
            Throws
                .InstanceOf<ConfigurationException>()
                .With.Message.StartsWith($"{open}: its mode 777 lets others change it")
                .And.Message.Contains($"run: rm -r {directory}")
        );
    }
}
